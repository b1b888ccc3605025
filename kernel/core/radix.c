/* SPDX-License-Identifier: GPL-2.0-only
 * The radix page table: walk, largest page, split, unmap, for all formats. */
#include "kernel/core/radix.h"

#include "kernel/core/pages.h"
#include "kernel/core/panic.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"

#define ENTRIES 512U
#define LEVELS_MAX 5

/* Where a walk ended: at a leaf, or at an entry that is not present. */
struct slot {
    uint64_t *entry;
    unsigned level;
};

/* A part of the address space to be mapped. */
struct part {
    uint64_t from, to, size;
    unsigned rights;
};

static unsigned index_of(uint64_t from, unsigned level)
{
    return (from >> (12 + 9 * (level - 1))) % ENTRIES;
}

static uint64_t *table_at(struct hpa table)
{
    return phys_to_virt(table);
}

/* One 64-bit store, after everything stored before it: a walker sees the old entry or the new one. */
static void store(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static void flush(const struct radix *r, const void *at, size_t bytes)
{
    if (r->flush) {
        cpu_flush(at, bytes);
    }
}

static bool is_leaf(const struct radix *r, struct slot s)
{
    return r->format->is_present(*s.entry) && r->format->is_leaf(*s.entry, s.level);
}

/* Walk towards `from` as far as tables lead. */
static struct slot find(const struct radix *r, uint64_t from)
{
    struct slot s = {.level = r->levels};
    struct hpa table = r->root;
    for (;;) {
        s.entry = table_at(table) + index_of(from, s.level);
        if (!r->format->is_present(*s.entry) || r->format->is_leaf(*s.entry, s.level)) {
            return s;
        }
        bulkhead_assert(s.level > 1);
        table = r->format->address(*s.entry);
        s.level--;
    }
}

/* First address behind what the slot at `from` covers. */
static uint64_t slot_end(struct slot s, uint64_t from)
{
    return align_down(from, radix_span(s.level)) + radix_span(s.level);
}

static bool in_reach(const struct radix *r, uint64_t from, uint64_t size)
{
    uint64_t end = 0;
    return size > 0 && is_aligned(from | size, PAGE_SIZE) && !__builtin_add_overflow(from, size, &end) &&
           end <= radix_span(r->levels + 1);
}

static enum status take_table(struct radix *r, struct hpa *out)
{
    enum status status = pages_alloc(out);
    r->table_pages += status == STATUS_OK;
    return status;
}

static void give_table(struct radix *r, struct hpa table)
{
    pages_free(table, PAGE_SIZE);
    r->table_pages--;
}

enum status radix_init(struct radix *r, const struct radix_format *format, unsigned levels, unsigned max_leaf,
                       bool flush_lines)
{
    bulkhead_assert(levels >= 3 && levels <= LEVELS_MAX && max_leaf >= 1 && max_leaf <= 3);
    *r = (struct radix){
        .format = format, .levels = levels, .max_leaf = max_leaf, .flush = flush_lines, .map_left = UINT64_MAX};
    enum status status = take_table(r, &r->root);
    if (status == STATUS_OK) {
        flush(r, table_at(r->root), PAGE_SIZE);
    }
    return status;
}

/* Largest leaf for the start of the part, of those that fit a slot of level `limit`. */
static unsigned best_level(const struct radix *r, const struct part *p, unsigned limit)
{
    unsigned level = limit < r->max_leaf ? limit : r->max_leaf;
    while (level > 1 && (!is_aligned(p->from | p->to, radix_span(level)) || p->size < radix_span(level))) {
        level--;
    }
    return level;
}

/* Drop the first `bytes` of the part. */
static void advance(struct part *p, uint64_t bytes)
{
    p->from += bytes;
    p->to += bytes;
    p->size -= bytes;
}

/* Write leaves for the start of the part into one table, from its entry for p->from on, as many as it and the part
 * hold, up to the first entry that is taken (by an emptied table). Advances the part; returns the number of entries
 * written, which are not flushed yet. */
static unsigned fill_leaves(const struct radix *r, uint64_t *table, unsigned level, struct part *p)
{
    uint64_t span = radix_span(level);
    unsigned first = index_of(p->from, level);
    unsigned i = first;
    while (i < ENTRIES && p->size >= span && !r->format->is_present(table[i])) {
        store(&table[i], r->format->make_leaf(hpa(p->to), level, p->rights));
        advance(p, span);
        i++;
    }
    return i - first;
}

/* Hang a chain of new tables, the lowest of level `leaf` filled with leaves, into an empty slot. Each table is
 * complete and flushed before anything points to it, so a walker sees nothing or the leaves. */
static enum status hang_tables(struct radix *r, struct slot s, unsigned leaf, struct part *p)
{
    struct hpa tables[LEVELS_MAX];
    unsigned count = s.level - leaf;
    bulkhead_assert(count > 0 && count < LEVELS_MAX);
    if (count > r->map_left) {
        return STATUS_NO_MEMORY;
    }
    for (unsigned i = 0; i < count; i++) {
        enum status status = take_table(r, &tables[i]);
        if (status != STATUS_OK) {
            while (i > 0) {
                give_table(r, tables[--i]);
            }
            return status;
        }
    }
    r->map_left -= r->map_left == UINT64_MAX ? 0 : count;
    uint64_t from = p->from;
    fill_leaves(r, table_at(tables[0]), leaf, p);
    flush(r, table_at(tables[0]), PAGE_SIZE);
    for (unsigned i = 1; i < count; i++) {
        uint64_t *table = table_at(tables[i]);
        table[index_of(from, leaf + i)] = r->format->make_table(tables[i - 1]);
        flush(r, table, PAGE_SIZE);
    }
    store(s.entry, r->format->make_table(tables[count - 1]));
    flush(r, s.entry, sizeof(*s.entry));
    return STATUS_OK;
}

/* Map the start of the part, as much as goes in one step, and advance it. */
static enum status map_some(struct radix *r, struct part *p)
{
    struct slot s = find(r, p->from);
    unsigned level = best_level(r, p, s.level);
    if (level < s.level) {
        return hang_tables(r, s, level, p);
    }
    unsigned written = fill_leaves(r, s.entry - index_of(p->from, level), level, p);
    flush(r, s.entry, written * sizeof(*s.entry));
    return STATUS_OK;
}

static bool any_mapped(const struct radix *r, uint64_t from, uint64_t end)
{
    while (from < end) {
        struct slot s = find(r, from);
        if (r->format->is_present(*s.entry)) {
            return true;
        }
        from = slot_end(s, from);
    }
    return false;
}

static bool all_mapped(const struct radix *r, uint64_t from, uint64_t end)
{
    while (from < end) {
        struct slot s = find(r, from);
        if (!r->format->is_present(*s.entry)) {
            return false;
        }
        from = slot_end(s, from);
    }
    return true;
}

/* Replace the leaf at s, which maps `from`, and those that follow it in its table, up to `end`: clear them, or give
 * them new rights. Returns the address behind the last. */
static uint64_t rewrite_run(const struct radix *r, struct slot s, uint64_t from, uint64_t end, bool clear,
                            unsigned rights)
{
    uint64_t span = radix_span(s.level);
    uint64_t *first = s.entry;
    uint64_t stop = align_down(from, radix_span(s.level + 1)) + radix_span(s.level + 1);
    stop = stop < end ? stop : end;
    bulkhead_assert(is_aligned(from, span));
    while (from < stop && is_leaf(r, s)) {
        bulkhead_assert(stop - from >= span);
        struct hpa to = r->format->address(*s.entry);
        store(s.entry, clear ? 0 : r->format->make_leaf(to, s.level, rights));
        s.entry++;
        from += span;
    }
    flush(r, first, (size_t)(s.entry - first) * sizeof(*first));
    return from;
}

/* Replace every leaf of from..end; none may reach beyond it. */
static void rewrite_leaves(const struct radix *r, uint64_t from, uint64_t end, bool clear, unsigned rights)
{
    while (from < end) {
        struct slot s = find(r, from);
        from = is_leaf(r, s) ? rewrite_run(r, s, from, end, clear, rights) : slot_end(s, from);
    }
}

enum status radix_map(struct radix *r, uint64_t from, struct hpa to, uint64_t size, unsigned rights)
{
    uint64_t to_end = 0;
    if (!in_reach(r, from, size) || !is_aligned(to.v, PAGE_SIZE) || __builtin_add_overflow(to.v, size, &to_end) ||
        to_end > BIT64(52)) {
        return STATUS_OUT_OF_RANGE;
    }
    if ((rights & RADIX_READ) == 0) {
        return STATUS_UNSUPPORTED;
    }
    if (any_mapped(r, from, from + size)) {
        return STATUS_CONFLICT;
    }
    struct part rest = {.from = from, .to = to.v, .size = size, .rights = rights | r->always};
    while (rest.size > 0) {
        enum status status = map_some(r, &rest);
        if (status != STATUS_OK) {
            rewrite_leaves(r, from, rest.from, true, 0);
            return status;
        }
    }
    return STATUS_OK;
}

/* Make `at` a border between leaves. A new table says the same as the leaf it replaces, and is complete and flushed
 * before one store swaps it in. */
static enum status split_at(struct radix *r, uint64_t at)
{
    if (at == radix_span(r->levels + 1)) {
        return STATUS_OK;
    }
    for (struct slot s = find(r, at); is_leaf(r, s) && !is_aligned(at, radix_span(s.level)); s = find(r, at)) {
        struct hpa table;
        enum status status = take_table(r, &table);
        if (status != STATUS_OK) {
            return status;
        }
        unsigned rights = r->format->rights(*s.entry, s.level);
        struct hpa to = r->format->address(*s.entry);
        uint64_t *entries = table_at(table);
        for (unsigned i = 0; i < ENTRIES; i++) {
            entries[i] = r->format->make_leaf(hpa_add(to, i * radix_span(s.level - 1)), s.level - 1, rights);
        }
        flush(r, entries, PAGE_SIZE);
        store(s.entry, r->format->make_table(table));
        flush(r, s.entry, sizeof(*s.entry));
    }
    return STATUS_OK;
}

static enum status split_edges(struct radix *r, uint64_t from, uint64_t end)
{
    enum status status = split_at(r, from);
    return status == STATUS_OK ? split_at(r, end) : status;
}

enum status radix_unmap(struct radix *r, uint64_t from, uint64_t size)
{
    if (!in_reach(r, from, size)) {
        return STATUS_OUT_OF_RANGE;
    }
    enum status status = split_edges(r, from, from + size);
    if (status == STATUS_OK) {
        rewrite_leaves(r, from, from + size, true, 0);
    }
    return status;
}

enum status radix_protect(struct radix *r, uint64_t from, uint64_t size, unsigned rights)
{
    if (!in_reach(r, from, size)) {
        return STATUS_OUT_OF_RANGE;
    }
    if ((rights & RADIX_READ) == 0) {
        return STATUS_UNSUPPORTED;
    }
    if (!all_mapped(r, from, from + size)) {
        return STATUS_NOT_FOUND;
    }
    enum status status = split_edges(r, from, from + size);
    if (status == STATUS_OK) {
        rewrite_leaves(r, from, from + size, false, rights | r->always);
    }
    return status;
}

enum status radix_lookup(const struct radix *r, uint64_t from, struct radix_mapping *out)
{
    if (from >= radix_span(r->levels + 1)) {
        return STATUS_NOT_FOUND;
    }
    struct slot s = find(r, from);
    if (!is_leaf(r, s)) {
        return STATUS_NOT_FOUND;
    }
    *out = (struct radix_mapping){
        .to = hpa_add(r->format->address(*s.entry), from % radix_span(s.level)),
        .level = s.level,
        .rights = r->format->rights(*s.entry, s.level),
    };
    return STATUS_OK;
}

bool radix_any_mapped(const struct radix *r, uint64_t from, uint64_t size)
{
    uint64_t reach = radix_span(r->levels + 1);
    return from < reach && any_mapped(r, from, size < reach - from ? from + size : reach);
}

void radix_for_each_leaf(const struct radix *r, radix_visit *visit, void *context)
{
    uint64_t end = radix_span(r->levels + 1);
    for (uint64_t from = 0; from < end;) {
        struct slot s = find(r, from);
        if (is_leaf(r, s)) {
            struct radix_mapping mapping = {
                .to = r->format->address(*s.entry),
                .level = s.level,
                .rights = r->format->rights(*s.entry, s.level),
            };
            visit(context, from, &mapping);
        }
        from = slot_end(s, from);
    }
}

/* Free a table and all below it; as deep as the table has levels. */
static void free_tables(struct radix *r, struct hpa table, unsigned level)
{
    bulkhead_assert(level >= 1 && level <= LEVELS_MAX);
    const uint64_t *entries = table_at(table);
    for (unsigned i = 0; level > 1 && i < ENTRIES; i++) {
        if (r->format->is_present(entries[i]) && !r->format->is_leaf(entries[i], level)) {
            free_tables(r, r->format->address(entries[i]), level - 1);
        }
    }
    give_table(r, table);
}

void radix_free(struct radix *r)
{
    free_tables(r, r->root, r->levels);
    bulkhead_assert(r->table_pages == 0);
}
