/* SPDX-License-Identifier: GPL-2.0-only
 * Makes device registers reachable by kernel/hw/mmio.h. */
#ifndef BULKHEAD_CORE_MMIO_MAP_H
#define BULKHEAD_CORE_MMIO_MAP_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* Map the pages of base..base+size uncached, read-write, never executable. Mapping the same pages again is fine;
 * pages that hold RAM are refused with STATUS_CONFLICT. */
MUST_CHECK enum status mmio_map(struct hpa base, uint64_t size);

#endif
