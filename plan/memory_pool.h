/* SPDX-License-Identifier: GPL-2.0-only
 * Free physical memory from which guests' RAM is cut, so that large pages can show it. Pure: lists of blocks only. */
#ifndef BULKHEAD_PLAN_MEMORY_POOL_H
#define BULKHEAD_PLAN_MEMORY_POOL_H

#include "kernel/lib/arena.h"
#include "kernel/lib/status.h"
#include "plan/plan.h"

struct memory_pool {
    struct plan_block *blocks; /* sorted, apart; starts and sizes are multiples of 2 MiB */
    struct plan_block *before; /* as they were before a try */
    size_t count, capacity;
};

/* A guest's RAM: its first `low` bytes at address 0, the rest at 4 GiB. */
struct memory_wish {
    uint64_t bytes; /* a multiple of 2 MiB, not 0 */
    uint64_t low;   /* at most so many below 4 GiB; a multiple of 1 GiB */
    size_t pieces;  /* at most so many blocks */
};

/* What of `free` (sorted, apart) is whole 2 MiB blocks; room for `pieces` cuts. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status memory_pool_make(const struct plan_block *free, size_t count, size_t pieces, struct arena *arena,
                                        struct memory_pool *out);

/* Leave out that many bytes, rounded up, from the bottom. */
void memory_pool_keep(struct memory_pool *pool, uint64_t bytes);

uint64_t memory_pool_bytes(const struct memory_pool *pool);

/* Bytes of the `pieces` largest blocks together. */
uint64_t memory_pool_largest(const struct memory_pool *pool, size_t pieces);

/* Cut out what is wished, in the order in which the guest sees it; returns the number of blocks, or 0 when it does not
 * fit in so many, and then nothing is taken. */
size_t memory_pool_take(struct memory_pool *pool, const struct memory_wish *wish, struct plan_block *out);

#endif
