/* SPDX-License-Identifier: GPL-2.0-only
 * The hypervisor's own page tables: physical memory one to one, W^X, and a window for stacks in the upper half. */
#ifndef BULKHEAD_CORE_PAGING_H
#define BULKHEAD_CORE_PAGING_H

#include "kernel/lib/memory_map.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* Build the tables from the map, which must live on (phys_view and mmio_map ask it), and load them on this CPU.
 * Needs pages_init and cpu_setup. */
MUST_CHECK enum status paging_init(const struct memory_map *map);

/* Load the tables on this CPU. */
void paging_load(void);

/* The root, for CPU backends and the AP trampoline. */
struct hpa paging_root(void);

/* Map or change pages; at is a virtual address, rights are enum radix_right. Pages already mapped are STATUS_CONFLICT.
 * Protect reaches the TLBs of all CPUs before it returns. */
MUST_CHECK enum status paging_map(uint64_t at, struct hpa to, uint64_t size, unsigned rights);
MUST_CHECK enum status paging_protect(uint64_t at, uint64_t size, unsigned rights);

#endif
