/* SPDX-License-Identifier: GPL-2.0-only
 * Only memory that the MTRRs call write-back is used: nested tables map RAM write-back, and EPT does not ask the MTRRs
 * (SDM 3C 29.3.7); the same bytes uncached here and cached in a guest would differ. */
#ifndef BULKHEAD_KERNEL_MEMORY_TYPES_H
#define BULKHEAD_KERNEL_MEMORY_TYPES_H

#include "kernel/lib/diag.h"
#include "kernel/lib/memory_map.h"
#include "kernel/lib/status.h"

/* Codes BH0430 to BH0439. */
enum memory_types_diag {
    MEMORY_TYPES_DIAG_DIFFER = 430, /* two CPUs have different MTRRs */
};

/* The boot CPU: RAM of other types becomes unusable, with a line in the log for each part. Not where nested paging asks
 * the MTRRs itself (AMD: APM2 15.25.8). STATUS_UNSUPPORTED: the MTRRs are off, so that all memory is uncached, or there
 * are more of them than we know; why is in the log. STATUS_NO_MEMORY: the map is full. */
MUST_CHECK enum status memory_types_restrict(struct memory_map *map);

/* All CPUs online: each one's MTRRs against the boot CPU's, a warning for the first CPU that differs. */
void memory_types_compare(struct diag_list *diags);

#endif
