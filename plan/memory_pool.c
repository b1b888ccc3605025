/* SPDX-License-Identifier: GPL-2.0-only
 * A sorted list of free blocks. Each search looks at all of them: there are tens, at most a few thousand. */
#include "plan/memory_pool.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define STEP (2 * MIB)
#define ADDRESS_END BIT64(52) /* no CPU's physical addresses go further */

static uint64_t end_of(const struct plan_block *b)
{
    return b->start + b->size;
}

enum status memory_pool_make(const struct plan_block *free, size_t count, size_t pieces, struct arena *arena,
                             struct memory_pool *out)
{
    *out = (struct memory_pool){.capacity = count + pieces};
    out->blocks = arena_array(arena, out->capacity, sizeof(struct plan_block));
    out->before = arena_array(arena, out->capacity, sizeof(struct plan_block));
    if (out->blocks == NULL || out->before == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        bool sound = free[i].start < ADDRESS_END && free[i].size <= ADDRESS_END - free[i].start;
        uint64_t start = align_up(free[i].start, STEP);
        uint64_t end = sound ? align_down(end_of(&free[i]), STEP) : 0;
        if (sound && start < end) {
            out->blocks[out->count++] = (struct plan_block){start, end - start};
        }
    }
    return STATUS_OK;
}

static void remove_block(struct memory_pool *pool, size_t i)
{
    pool->count--;
    memmove(&pool->blocks[i], &pool->blocks[i + 1], (pool->count - i) * sizeof(struct plan_block));
}

void memory_pool_keep(struct memory_pool *pool, uint64_t bytes)
{
    while (bytes > 0 && pool->count > 0) {
        struct plan_block *lowest = &pool->blocks[0];
        if (lowest->size <= bytes) {
            bytes -= lowest->size;
            remove_block(pool, 0);
        } else {
            uint64_t kept = align_up(bytes, STEP);
            lowest->start += kept;
            lowest->size -= kept;
            bytes = 0;
            if (lowest->size == 0) {
                remove_block(pool, 0);
            }
        }
    }
}

uint64_t memory_pool_bytes(const struct memory_pool *pool)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < pool->count; i++) {
        bytes += pool->blocks[i].size;
    }
    return bytes;
}

uint64_t memory_pool_largest(const struct memory_pool *pool, size_t pieces)
{
    uint64_t bytes = 0;
    uint64_t last = UINT64_MAX; /* size of the block that was counted last ... */
    size_t at = SIZE_MAX;       /* ... and its index: of equals, from the top down */
    for (size_t n = 0; n < pieces; n++) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < pool->count; i++) {
            uint64_t size = pool->blocks[i].size;
            bool open = size < last || (size == last && i < at);
            if (open && (best == SIZE_MAX || size >= pool->blocks[best].size)) {
                best = i;
            }
        }
        if (best == SIZE_MAX) {
            break;
        }
        last = pool->blocks[best].size;
        at = best;
        bytes += last;
    }
    return bytes;
}

/* Cut start..start+size out of block i, in which it lies. */
static void cut(struct memory_pool *pool, size_t i, uint64_t start, uint64_t size)
{
    struct plan_block whole = pool->blocks[i];
    struct plan_block below = {whole.start, start - whole.start};
    struct plan_block above = {start + size, end_of(&whole) - (start + size)};
    if (below.size == 0 && above.size == 0) {
        remove_block(pool, i);
        return;
    }
    if (below.size != 0 && above.size != 0) {
        memmove(&pool->blocks[i + 1], &pool->blocks[i], (pool->count - i) * sizeof(struct plan_block));
        pool->count++;
        pool->blocks[i + 1] = above;
        pool->blocks[i] = below;
        return;
    }
    pool->blocks[i] = below.size != 0 ? below : above;
}

/* Take `size` bytes at a multiple of align, as high as they fit. */
static bool take_whole(struct memory_pool *pool, uint64_t size, uint64_t align, struct plan_block *out)
{
    for (size_t i = pool->count; i-- > 0;) {
        const struct plan_block *b = &pool->blocks[i];
        if (b->size >= size && align_down(end_of(b) - size, align) >= b->start) {
            *out = (struct plan_block){align_down(end_of(b) - size, align), size};
            cut(pool, i, out->start, size);
            return true;
        }
    }
    return false;
}

/* The part of a block that is whole multiples of align. */
static uint64_t aligned_bytes(const struct plan_block *b, uint64_t align)
{
    uint64_t start = align_up(b->start, align);
    uint64_t end = align_down(end_of(b), align);
    return start < end ? end - start : 0;
}

/* Take the largest such part there is, at most `most` bytes, a multiple of align; false when there is none. */
static bool take_largest(struct memory_pool *pool, uint64_t most, uint64_t align, struct plan_block *out)
{
    size_t best = 0;
    uint64_t bytes = 0;
    for (size_t i = pool->count; i-- > 0;) {
        uint64_t here = aligned_bytes(&pool->blocks[i], align);
        if (here > bytes) {
            bytes = here;
            best = i;
        }
    }
    if (bytes == 0) {
        return false;
    }
    uint64_t size = bytes < most ? bytes : most;
    *out = (struct plan_block){align_down(end_of(&pool->blocks[best]), align) - size, size};
    cut(pool, best, out->start, size);
    return true;
}

/* The next block of what is left of a part of the guest's memory; the part starts at a multiple of 1 GiB. */
static bool take_next(struct memory_pool *pool, uint64_t left, bool *large, struct plan_block *out)
{
    *large = *large && left >= GIB;
    if (*large && (take_whole(pool, left, GIB, out) || take_largest(pool, align_down(left, GIB), GIB, out))) {
        return true;
    }
    *large = false;
    return take_whole(pool, left, STEP, out) || take_largest(pool, left, STEP, out);
}

/* large: pages of 1 GiB count more than few blocks. */
static size_t try_take(struct memory_pool *pool, const struct memory_wish *wish, bool large, struct plan_block *out)
{
    uint64_t low = wish->bytes < wish->low ? wish->bytes : wish->low;
    const uint64_t parts[] = {low, wish->bytes - low};
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        bool still_large = large;
        for (uint64_t left = parts[i]; left > 0; left -= out[n++].size) {
            if (n == wish->pieces || !take_next(pool, left, &still_large, &out[n])) {
                return 0;
            }
        }
    }
    return n;
}

size_t memory_pool_take(struct memory_pool *pool, const struct memory_wish *wish, struct plan_block *out)
{
    size_t count = pool->count;
    memcpy(pool->before, pool->blocks, count * sizeof(struct plan_block));
    size_t n = try_take(pool, wish, true, out);
    for (unsigned again = 0; n == 0 && again < 2; again++) { /* with fewer pieces; then only put back */
        memcpy(pool->blocks, pool->before, count * sizeof(struct plan_block));
        pool->count = count;
        n = again == 0 ? try_take(pool, wish, false, out) : 0;
    }
    return n;
}
