/* SPDX-License-Identifier: GPL-2.0-only
 * The one-to-one map as a list of regions. */
#include "kernel/core/paging_plan.h"

#include "kernel/core/radix.h"
#include "kernel/lib/bits.h"

bool paging_plan_maps(enum memory_kind kind)
{
    return kind != MEMORY_RESERVED && kind != MEMORY_UNUSABLE;
}

/* Append, joined to the last region where it goes on with the same rights. */
static enum status append(struct paging_plan *plan, uint64_t start, uint64_t end, unsigned rights)
{
    if (start >= end) {
        return STATUS_OK;
    }
    struct paging_region *last = plan->count != 0 ? &plan->regions[plan->count - 1] : NULL;
    if (last != NULL && last->end == start && last->rights == rights) {
        last->end = end;
        return STATUS_OK;
    }
    if (plan->count == PAGING_REGIONS_MAX) {
        return STATUS_NO_MEMORY;
    }
    plan->regions[plan->count++] = (struct paging_region){start, end, rights};
    return STATUS_OK;
}

/* start..end with the sections cut out of it and put in with their own rights. */
static enum status append_cut(struct paging_plan *plan, uint64_t start, uint64_t end,
                              const struct paging_section *sections, size_t section_count)
{
    for (size_t i = 0; i < section_count && start < end; i++) {
        const struct paging_section *s = &sections[i];
        if (s->end <= start || s->start >= end) {
            continue;
        }
        uint64_t from = s->start > start ? s->start : start;
        uint64_t to = s->end < end ? s->end : end;
        enum status status = append(plan, start, from, RADIX_READ | RADIX_WRITE);
        if (status == STATUS_OK) {
            status = append(plan, from, to, s->rights);
        }
        if (status != STATUS_OK) {
            return status;
        }
        start = to;
    }
    return append(plan, start, end, RADIX_READ | RADIX_WRITE);
}

enum status paging_plan_make(const struct memory_map *map, const struct paging_section *sections, size_t section_count,
                             struct paging_plan *plan)
{
    plan->count = 0;
    uint64_t done = PAGE_SIZE; /* everything below is planned: page 0 never is */
    for (size_t i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];
        if (!paging_plan_maps(range->kind)) {
            continue;
        }
        uint64_t start = align_down(range->start, PAGE_SIZE);
        uint64_t end = align_up(range->end, PAGE_SIZE);
        enum status status = append_cut(plan, start > done ? start : done, end, sections, section_count);
        if (status != STATUS_OK) {
            return status;
        }
        done = end > done ? end : done;
    }
    return STATUS_OK;
}
