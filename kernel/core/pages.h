/* SPDX-License-Identifier: GPL-2.0-only
 * The physical page allocator: hands out 4 KiB pages of RAM, and larger aligned blocks, from the memory map. */
#ifndef BULKHEAD_CORE_PAGES_H
#define BULKHEAD_CORE_PAGES_H

#include "kernel/lib/memory_map.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* Start with every whole page of MEMORY_RAM in map above 1 MiB free. Called once. */
MUST_CHECK enum status pages_init(const struct memory_map *map);

/* One zeroed 4 KiB page for the hypervisor's own use; STATUS_NO_MEMORY when none is left. */
MUST_CHECK enum status pages_alloc(struct hpa *out);

/* `bytes` (a multiple of 4 KiB) of contiguous memory aligned to `align` (a power of two >= 4 KiB), wholly below
 * `limit`; taken from the top of memory. Not zeroed: the caller scrubs what it gives to a guest. */
MUST_CHECK enum status pages_alloc_block(uint64_t bytes, uint64_t align, uint64_t limit, struct hpa *out);

/* Give back what one of the above and below returned (bytes = 4096 for a page). Freeing what is free is a panic. */
void pages_free(struct hpa start, uint64_t bytes);

/* What is free now, for who plans with it: sorted, apart. Returns how many were written to out, at most `most`; there
 * are never more than PAGES_EXTENTS_MAX. What is free but does not fit into that many is not among them. */
#define PAGES_EXTENTS_MAX 2048
struct pages_extent {
    uint64_t start, bytes; /* host-physical, whole pages */
};
size_t pages_extents(struct pages_extent *out, size_t most);

/* Exactly that block, for who planned it; not zeroed. STATUS_CONFLICT: not all of it is free, and nothing was taken. */
MUST_CHECK enum status pages_take(struct hpa start, uint64_t bytes);

/* Bytes handed out one page at a time (the hypervisor's own; blocks of 4 KiB count as pages), and bytes free. */
uint64_t pages_used_bytes(void);
uint64_t pages_free_bytes(void);

/* Bytes handed out, pages and blocks alike, guests' RAM too: now, and when most were. */
struct pages_taken {
    uint64_t now, most;
};
struct pages_taken pages_taken(void);

#endif
