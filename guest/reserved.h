/* SPDX-License-Identifier: GPL-2.0-only
 * Memory that firmware reserved for a guest's devices (RMRR, VT-d 4.1 8.4): they reach it one to one, the guest's vCPUs
 * do not, and its map calls it reserved. */
#ifndef BULKHEAD_GUEST_RESERVED_H
#define BULKHEAD_GUEST_RESERVED_H

#include "guest/image.h"
#include "kernel/lib/status.h"
#include "plan/plan.h"
#include "vtd/domain.h"

#define GUEST_RESERVED_MAX 16u /* GUEST_BAR_RESERVED_MAX (guest/pci_bar.h) too */

struct guest_reserved_range {
    uint64_t start, end; /* whole pages; end exclusive */
};

/* Sorted, apart from each other. */
struct guest_reserved {
    struct guest_reserved_range ranges[GUEST_RESERVED_MAX];
    size_t count;
};

/* The regions of a guest: what of them overlaps or touches becomes one. STATUS_OUT_OF_RANGE: one of no or not whole
 * pages; STATUS_NO_MEMORY: more than GUEST_RESERVED_MAX. */
MUST_CHECK enum status guest_reserved_make(const struct dmar *dmar, const struct plan_reserved *regions, size_t count,
                                           struct guest_reserved *out);

/* One to one into the domain of the guest's devices, which has its RAM already and tables of its own. STATUS_CONFLICT:
 * the guest has RAM there; or what vtd_domain_map_reserved() said. */
MUST_CHECK enum status guest_reserved_map(const struct guest_reserved *reserved, struct vtd_domain *domain);

/* Put them as reserved lines into the guest's memory map, which has room for GUEST_RESERVED_MAX more; it is sorted, and
 * stays so. */
void guest_reserved_describe(const struct guest_reserved *reserved, struct image_range *map, size_t *count);

#endif
