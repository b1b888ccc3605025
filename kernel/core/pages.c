/* SPDX-License-Identifier: GPL-2.0-only
 * The physical page allocator: a sorted array of free ranges. Its cost grows with the number of holes, not with the
 * size of memory, and it touches free memory only when the array is full. */
#include "kernel/core/pages.h"

#include "kernel/core/lock.h"
#include "kernel/core/panic.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define RANGES_MAX PAGES_EXTENTS_MAX
#define LOWEST MIB

struct range {
    uint64_t start, end; /* host-physical, whole pages, start < end */
};

/* Free ranges that found no place in the array lie in a list threaded through their own first pages. */
struct spill {
    uint64_t next; /* 0: last */
    uint64_t bytes;
};

static struct {
    struct lock lock;
    struct range ranges[RANGES_MAX]; /* rising, never touching each other */
    size_t count;
    uint64_t spilled; /* the first one's address, 0: none */
    uint64_t used, free;
    uint64_t total, least_free; /* free at first, and when least was */
} pages;

_Static_assert(RANGES_MAX >= 2 * MEMORY_MAP_MAX, "a whole memory map fits, with room for holes");

/* Index of the first range that ends above `at`. */
static size_t find(uint64_t at)
{
    size_t low = 0;
    size_t high = pages.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pages.ranges[middle].end > at) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static void remove_range(size_t i)
{
    pages.count--;
    memmove(&pages.ranges[i], &pages.ranges[i + 1], (pages.count - i) * sizeof(struct range));
}

static void spill(uint64_t start, uint64_t end)
{
    struct spill *node = phys_to_virt(hpa(start));
    *node = (struct spill){.next = pages.spilled, .bytes = end - start};
    pages.spilled = start;
}

/* Put start..end at index i, or join it to its neighbours. False when the array is full. */
static bool insert(uint64_t start, uint64_t end)
{
    size_t i = find(start);
    bool joins_before = i > 0 && pages.ranges[i - 1].end == start;
    bool joins_after = i < pages.count && pages.ranges[i].start == end;
    if (joins_before && joins_after) {
        pages.ranges[i - 1].end = pages.ranges[i].end;
        remove_range(i);
    } else if (joins_before) {
        pages.ranges[i - 1].end = end;
    } else if (joins_after) {
        pages.ranges[i].start = start;
    } else if (pages.count < RANGES_MAX) {
        memmove(&pages.ranges[i + 1], &pages.ranges[i], (pages.count - i) * sizeof(struct range));
        pages.ranges[i] = (struct range){start, end};
        pages.count++;
    } else {
        return false;
    }
    return true;
}

static void insert_or_spill(uint64_t start, uint64_t end)
{
    if (!insert(start, end)) {
        spill(start, end);
    }
}

/* Bring spilled ranges back into the array, those that fit or join what is there. True when any went. */
static bool unspill_some(void)
{
    bool any = false;
    uint64_t kept = 0;
    while (pages.spilled != 0) {
        uint64_t start = pages.spilled;
        struct spill *node = phys_to_virt(hpa(start));
        pages.spilled = node->next;
        if (insert(start, start + node->bytes)) {
            any = true;
        } else {
            node->next = kept;
            kept = start;
        }
    }
    pages.spilled = kept;
    return any;
}

/* Only walked while something is spilled, which takes thousands of holes. */
static bool is_spilled(uint64_t start, uint64_t end)
{
    for (uint64_t at = pages.spilled; at != 0;) {
        const struct spill *node = phys_to_virt(hpa(at));
        if (at < end && start < at + node->bytes) {
            return true;
        }
        at = node->next;
    }
    return false;
}

/* Take start..start+bytes out of range i, which contains it. */
static void carve(size_t i, uint64_t start, uint64_t bytes)
{
    struct range whole = pages.ranges[i];
    uint64_t end = start + bytes;
    if (whole.start == start && whole.end == end) {
        remove_range(i);
    } else if (whole.start == start) {
        pages.ranges[i].start = end;
    } else {
        pages.ranges[i].end = start;
        if (end < whole.end) {
            insert_or_spill(end, whole.end);
        }
    }
    pages.free -= bytes;
    pages.least_free = pages.free < pages.least_free ? pages.free : pages.least_free;
    pages.used += bytes == PAGE_SIZE ? PAGE_SIZE : 0;
}

enum status pages_init(const struct memory_map *map)
{
    uint64_t flags = lock_take(&pages.lock);
    pages.count = 0;
    pages.spilled = 0;
    pages.used = 0;
    pages.free = 0;
    for (size_t i = 0; i < map->count; i++) {
        const struct memory_range *r = &map->ranges[i];
        uint64_t low = r->start < LOWEST ? LOWEST : r->start;
        uint64_t end = align_down(r->end, PAGE_SIZE);
        if (r->kind == MEMORY_RAM && low <= end && align_up(low, PAGE_SIZE) < end) {
            insert_or_spill(align_up(low, PAGE_SIZE), end);
            pages.free += end - align_up(low, PAGE_SIZE);
        }
    }
    pages.total = pages.least_free = pages.free;
    enum status status = pages.count > 0 ? STATUS_OK : STATUS_NO_MEMORY;
    lock_release(&pages.lock, flags);
    return status;
}

enum status pages_alloc(struct hpa *out)
{
    uint64_t flags = lock_take(&pages.lock);
    if (pages.count == 0 && !unspill_some()) {
        lock_release(&pages.lock, flags);
        return STATUS_NO_MEMORY;
    }
    /* From the bottom: blocks for guests come from the top, and before all memory is mapped only the bottom is. */
    struct hpa page = hpa(pages.ranges[0].start);
    carve(0, page.v, PAGE_SIZE);
    lock_release(&pages.lock, flags);
    memset(phys_to_virt(page), 0, PAGE_SIZE);
    *out = page;
    return STATUS_OK;
}

/* The highest place for such a block in r; false when it does not fit. */
static bool place_block(struct range r, uint64_t bytes, uint64_t align, uint64_t limit, uint64_t *start)
{
    uint64_t top = r.end < limit ? r.end : limit;
    if (top < bytes) {
        return false;
    }
    *start = align_down(top - bytes, align);
    return *start >= r.start;
}

static bool take_block(uint64_t bytes, uint64_t align, uint64_t limit, struct hpa *out)
{
    for (size_t i = pages.count; i > 0; i--) {
        uint64_t start = 0;
        if (place_block(pages.ranges[i - 1], bytes, align, limit, &start)) {
            carve(i - 1, start, bytes);
            *out = hpa(start);
            return true;
        }
    }
    return false;
}

enum status pages_alloc_block(uint64_t bytes, uint64_t align, uint64_t limit, struct hpa *out)
{
    bulkhead_assert(bytes > 0 && is_aligned(bytes, PAGE_SIZE));
    bulkhead_assert(align >= PAGE_SIZE && is_aligned(align, align));
    uint64_t flags = lock_take(&pages.lock);
    bool taken = take_block(bytes, align, limit, out);
    while (!taken && unspill_some()) {
        taken = take_block(bytes, align, limit, out);
    }
    lock_release(&pages.lock, flags);
    return taken ? STATUS_OK : STATUS_NO_MEMORY;
}

size_t pages_extents(struct pages_extent *out, size_t most)
{
    uint64_t flags = lock_take(&pages.lock);
    size_t count = pages.count < most ? pages.count : most;
    for (size_t i = 0; i < count; i++) {
        const struct range *r = &pages.ranges[i];
        out[i] = (struct pages_extent){r->start, r->end - r->start};
    }
    lock_release(&pages.lock, flags);
    return count;
}

enum status pages_take(struct hpa start, uint64_t bytes)
{
    uint64_t end = 0;
    bulkhead_assert(bytes > 0 && is_aligned(bytes, PAGE_SIZE) && is_aligned(start.v, PAGE_SIZE));
    bulkhead_assert(!__builtin_add_overflow(start.v, bytes, &end));
    uint64_t flags = lock_take(&pages.lock);
    size_t i = find(start.v);
    bool there = i < pages.count && pages.ranges[i].start <= start.v && end <= pages.ranges[i].end;
    if (there) {
        carve(i, start.v, bytes);
    }
    lock_release(&pages.lock, flags);
    return there ? STATUS_OK : STATUS_CONFLICT;
}

void pages_free(struct hpa start, uint64_t bytes)
{
    uint64_t end = 0;
    bulkhead_assert(bytes > 0 && is_aligned(bytes, PAGE_SIZE) && is_aligned(start.v, PAGE_SIZE));
    bulkhead_assert(!__builtin_add_overflow(start.v, bytes, &end) && start.v >= LOWEST);
    uint64_t flags = lock_take(&pages.lock);
    size_t i = find(start.v);
    bool is_free = (i < pages.count && pages.ranges[i].start < end) || is_spilled(start.v, end);
    if (is_free) {
        panic("pages: 0x%llx..0x%llx is freed but was free", (unsigned long long)start.v, (unsigned long long)end);
    }
    insert_or_spill(start.v, end);
    pages.free += bytes;
    pages.used -= bytes == PAGE_SIZE && pages.used > 0 ? PAGE_SIZE : 0; /* memory never handed out may come in too */
    lock_release(&pages.lock, flags);
}

uint64_t pages_used_bytes(void)
{
    uint64_t flags = lock_take(&pages.lock);
    uint64_t used = pages.used;
    lock_release(&pages.lock, flags);
    return used;
}

uint64_t pages_free_bytes(void)
{
    uint64_t flags = lock_take(&pages.lock);
    uint64_t bytes = pages.free;
    lock_release(&pages.lock, flags);
    return bytes;
}

struct pages_taken pages_taken(void)
{
    uint64_t flags = lock_take(&pages.lock);
    struct pages_taken taken = {.now = pages.total > pages.free ? pages.total - pages.free : 0,
                                .most = pages.total - pages.least_free};
    lock_release(&pages.lock, flags);
    return taken;
}
