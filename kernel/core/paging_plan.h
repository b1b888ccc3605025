/* SPDX-License-Identifier: GPL-2.0-only
 * Which physical pages the hypervisor maps one to one, and with what rights. Pure. */
#ifndef BULKHEAD_CORE_PAGING_PLAN_H
#define BULKHEAD_CORE_PAGING_PLAN_H

#include "kernel/lib/memory_map.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* A part of the image with rights of its own (enum radix_right); page-aligned, sorted, not overlapping. */
struct paging_section {
    uint64_t start, end;
    unsigned rights;
};

struct paging_region {
    uint64_t start, end; /* page-aligned, sorted, not overlapping */
    unsigned rights;
};

#define PAGING_REGIONS_MAX (MEMORY_MAP_MAX + 16)

struct paging_plan {
    struct paging_region regions[PAGING_REGIONS_MAX];
    size_t count;
};

/* Is memory of that kind mapped from the start? Reserved memory is mapped on demand, broken memory never. */
bool paging_plan_maps(enum memory_kind kind);

/* RAM, firmware tables, modules and the hypervisor: read and write, never execute; the sections with their own rights;
 * page 0 not at all. Partial pages count as whole. STATUS_NO_MEMORY when the plan is full. */
MUST_CHECK enum status paging_plan_make(const struct memory_map *map, const struct paging_section *sections,
                                        size_t section_count, struct paging_plan *plan);

#endif
