/* SPDX-License-Identifier: GPL-2.0-only
 * From pieces to sorted facts. */
#include "audit/describe.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define LOW_END (1 * MIB) /* nothing of the hypervisor's tables is below */
#define ELEMENT_MAX 64u

typedef bool less_function(const void *a, const void *b);

/* Shell sort: no second array, no recursion, quick enough for some thousands that come nearly sorted. */
static void sort(void *items, size_t count, size_t size, less_function *less)
{
    uint8_t *at = items;
    uint8_t moved[ELEMENT_MAX];
    for (size_t gap = count / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) {
        for (size_t i = gap; i < count; i++) {
            size_t k = i;
            memcpy(moved, at + i * size, size);
            while (k >= gap && less(moved, at + (k - gap) * size)) {
                memcpy(at + k * size, at + (k - gap) * size, size);
                k -= gap;
            }
            memcpy(at + k * size, moved, size);
        }
    }
}

static bool range_less(const void *a, const void *b)
{
    const struct audit_range *x = a, *y = b;
    return x->start != y->start ? x->start < y->start : x->end < y->end;
}

static bool forbidden_less(const void *a, const void *b)
{
    const struct audit_forbidden *x = a, *y = b;
    return x->start != y->start ? x->start < y->start : x->end < y->end;
}

static bool span_less(const void *a, const void *b)
{
    const struct audit_span *x = a, *y = b;
    return x->start < y->start;
}

static bool source_less(const void *a, const void *b)
{
    const struct audit_source *x = a, *y = b;
    return x->unit != y->unit ? x->unit < y->unit : x->rid < y->rid;
}

static bool sender_less(const void *a, const void *b)
{
    const struct audit_sender *x = a, *y = b;
    if (x->unit != y->unit) {
        return x->unit < y->unit;
    }
    if (x->svt != y->svt) {
        return x->svt < y->svt;
    }
    return x->sq != y->sq ? x->sq < y->sq : x->sid < y->sid;
}

static bool posted_less(const void *a, const void *b)
{
    const struct audit_posted *x = a, *y = b;
    return x->at < y->at;
}

enum status audit_describe_begin(struct audit_description *d, const struct audit_limits *limits, struct arena *arena)
{
    memset(d, 0, sizeof(*d));
    size_t pieces = limits->ranges + limits->devices + MEMORY_MAP_MAX;
    d->limits = *limits;
    d->ranges = arena_array(arena, limits->ranges, sizeof(*d->ranges));
    d->devices = arena_array(arena, limits->devices, sizeof(*d->devices));
    d->forbidden = arena_array(arena, pieces + limits->devices, sizeof(*d->forbidden));
    d->memory = arena_array(arena, pieces, sizeof(*d->memory));
    d->blockers = arena_array(arena, limits->ranges + limits->devices, sizeof(*d->blockers));
    d->sources = arena_array(arena, limits->sources, sizeof(*d->sources));
    d->senders = arena_array(arena, limits->senders, sizeof(*d->senders));
    d->posted = arena_array(arena, limits->posted, sizeof(*d->posted));
    bool whole = d->ranges != NULL && d->devices != NULL && d->forbidden != NULL && d->memory != NULL &&
                 d->blockers != NULL && d->sources != NULL && d->senders != NULL && d->posted != NULL;
    return whole ? STATUS_OK : STATUS_NO_MEMORY;
}

/* True when one more fits. */
static bool has_room(struct audit_description *d, size_t count, size_t limit)
{
    d->full = d->full || count >= limit;
    return count < limit;
}

void audit_describe_range(struct audit_description *d, struct audit_range range)
{
    range.start = align_down(range.start, PAGE_SIZE);
    range.end = align_up(range.end, PAGE_SIZE);
    if (range.start < range.end && has_room(d, d->facts.range_count, d->limits.ranges)) {
        d->ranges[d->facts.range_count++] = range;
    }
}

void audit_describe_device(struct audit_description *d, uint64_t start, uint64_t size, const char *name)
{
    if (size != 0 && has_room(d, d->device_count, d->limits.devices)) {
        d->devices[d->device_count++] =
            (struct audit_forbidden){align_down(start, PAGE_SIZE), align_up(start + size, PAGE_SIZE), name};
    }
}

void audit_describe_source(struct audit_description *d, struct audit_source source)
{
    if (has_room(d, d->facts.source_count, d->limits.sources)) {
        d->sources[d->facts.source_count++] = source;
    }
}

void audit_describe_sender(struct audit_description *d, struct audit_sender sender)
{
    if (has_room(d, d->facts.sender_count, d->limits.senders)) {
        d->senders[d->facts.sender_count++] = sender;
    }
}

void audit_describe_posted(struct audit_description *d, struct audit_posted posted)
{
    if (has_room(d, d->facts.posted_count, d->limits.posted)) {
        d->posted[d->facts.posted_count++] = posted;
    }
}

/* Small BARs of one owner share pages; one region may be named twice. */
static void join_ranges(struct audit_description *d)
{
    size_t kept = 0;
    sort(d->ranges, d->facts.range_count, sizeof(*d->ranges), range_less);
    for (size_t i = 0; i < d->facts.range_count; i++) {
        struct audit_range *last = kept == 0 ? NULL : &d->ranges[kept - 1];
        const struct audit_range *r = &d->ranges[i];
        bool joins = last != NULL && r->start <= last->end && r->owner == last->owner && r->kind == last->kind &&
                     r->cpu == last->cpu && r->device == last->device;
        if (joins) {
            last->end = r->end > last->end ? r->end : last->end;
        } else {
            d->ranges[kept++] = *r;
        }
    }
    d->facts.range_count = kept;
}

/* Two I/O APICs may share a page; the first name stays. */
static void join_devices(struct audit_description *d)
{
    size_t kept = 0;
    sort(d->devices, d->device_count, sizeof(*d->devices), forbidden_less);
    for (size_t i = 0; i < d->device_count; i++) {
        struct audit_forbidden *last = kept == 0 ? NULL : &d->devices[kept - 1];
        if (last != NULL && d->devices[i].start < last->end) {
            last->end = d->devices[i].end > last->end ? d->devices[i].end : last->end;
        } else {
            d->devices[kept++] = d->devices[i];
        }
    }
    d->device_count = kept;
}

/* What may lie in a piece of the map of that kind without a contradiction. */
static bool may_lie_in(enum audit_kind range, enum memory_kind piece)
{
    if (range == AUDIT_RAM || range == AUDIT_PAGES) {
        return piece == MEMORY_RAM;
    }
    return piece != MEMORY_RAM && piece != MEMORY_LOADER && piece != MEMORY_HYPERVISOR;
}

static size_t collect_blockers(struct audit_description *d, enum memory_kind piece)
{
    size_t count = 0;
    for (size_t i = 0; i < d->facts.range_count; i++) {
        if (may_lie_in(d->ranges[i].kind, piece)) {
            d->blockers[count++] = (struct audit_forbidden){d->ranges[i].start, d->ranges[i].end, NULL};
        }
    }
    for (size_t i = 0; i < d->device_count && may_lie_in(AUDIT_REGISTERS, piece); i++) {
        d->blockers[count++] = d->devices[i];
    }
    sort(d->blockers, count, sizeof(*d->blockers), forbidden_less);
    return count;
}

static const char *piece_name(enum memory_kind kind)
{
    static const char *const names[] = {"low memory",      "ACPI tables",  "ACPI NVS",  "reserved by firmware",
                                        "unusable memory", "boot modules", "hypervisor"};
    return names[kind];
}

static void add_piece(struct audit_description *d, uint64_t start, uint64_t end, enum memory_kind kind)
{
    bool ours = kind == MEMORY_HYPERVISOR || (kind == MEMORY_RAM && start >= LOW_END);
    start = ours ? align_up(start, PAGE_SIZE) : align_down(start, PAGE_SIZE);
    end = ours ? align_down(end, PAGE_SIZE) : align_up(end, PAGE_SIZE);
    if (start >= end) {
        return;
    }
    if (ours) {
        d->memory[d->facts.memory_count++] = (struct audit_span){start, end};
    } else {
        d->forbidden[d->facts.forbidden_count++] = (struct audit_forbidden){start, end, piece_name(kind)};
    }
}

/* The parts of a piece of the map that no blocker holds. */
static void cut_piece(struct audit_description *d, uint64_t start, uint64_t end, enum memory_kind kind, size_t blockers)
{
    for (size_t i = 0; i < blockers && start < end; i++) {
        const struct audit_forbidden *b = &d->blockers[i];
        if (b->end <= start || b->start >= end) {
            continue;
        }
        if (b->start > start) {
            add_piece(d, start, b->start, kind);
        }
        start = b->end;
    }
    if (start < end) {
        add_piece(d, start, end, kind);
    }
}

static void cut_map(struct audit_description *d, const struct memory_map *map)
{
    for (unsigned kind = MEMORY_RAM; kind <= MEMORY_HYPERVISOR; kind++) {
        size_t blockers = collect_blockers(d, kind);
        for (size_t i = 0; i < map->count; i++) {
            const struct memory_range *r = &map->ranges[i];
            if (r->kind != kind) {
                continue;
            }
            uint64_t middle = r->start < LOW_END && r->end > LOW_END ? LOW_END : r->end;
            cut_piece(d, r->start, middle, r->kind, blockers);
            cut_piece(d, middle, r->end, r->kind, blockers);
        }
    }
}

/* Pages that two kinds of memory share belong to the stricter: forbidden before the hypervisor's. */
static void settle_forbidden(struct audit_description *d)
{
    size_t kept = 0;
    sort(d->forbidden, d->facts.forbidden_count, sizeof(*d->forbidden), forbidden_less);
    for (size_t i = 0; i < d->facts.forbidden_count; i++) {
        struct audit_forbidden f = d->forbidden[i];
        if (kept > 0 && f.start < d->forbidden[kept - 1].end) {
            f.start = d->forbidden[kept - 1].end;
        }
        if (f.start < f.end) {
            d->forbidden[kept++] = f;
        }
    }
    d->facts.forbidden_count = kept;
}

/* One source id is named by each device that uses it: equal entries are one, different ones stay and are refused. */
static size_t join_sources(struct audit_source *items, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool same = kept > 0 && !source_less(&items[kept - 1], &items[i]) && items[kept - 1].owner == items[i].owner;
        if (!same) {
            items[kept++] = items[i];
        } else {
            items[kept - 1].optional = items[kept - 1].optional && items[i].optional;
        }
    }
    return kept;
}

static size_t join_senders(struct audit_sender *items, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool same = kept > 0 && !sender_less(&items[kept - 1], &items[i]) && items[kept - 1].owner == items[i].owner;
        if (!same) {
            items[kept++] = items[i];
        }
    }
    return kept;
}

enum status audit_describe_end(struct audit_description *d, const struct memory_map *map)
{
    struct audit_facts *f = &d->facts;
    join_ranges(d);
    join_devices(d);
    cut_map(d, map);
    memcpy(d->forbidden + f->forbidden_count, d->devices, d->device_count * sizeof(*d->devices));
    f->forbidden_count += d->device_count;
    settle_forbidden(d);
    sort(d->memory, f->memory_count, sizeof(*d->memory), span_less);
    sort(d->sources, f->source_count, sizeof(*d->sources), source_less);
    sort(d->senders, f->sender_count, sizeof(*d->senders), sender_less);
    sort(d->posted, f->posted_count, sizeof(*d->posted), posted_less);
    f->source_count = join_sources(d->sources, f->source_count);
    f->sender_count = join_senders(d->senders, f->sender_count);
    f->ranges = d->ranges;
    f->forbidden = d->forbidden;
    f->memory = d->memory;
    f->sources = d->sources;
    f->senders = d->senders;
    f->posted = d->posted;
    return d->full ? STATUS_NO_MEMORY : STATUS_OK;
}
