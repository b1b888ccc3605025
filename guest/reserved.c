/* SPDX-License-Identifier: GPL-2.0-only
 * Reserved memory of a guest's devices. */
#include "guest/reserved.h"

#include "kernel/lib/bits.h"

static bool touch(const struct guest_reserved_range *a, const struct guest_reserved_range *b)
{
    return a->start <= b->end && b->start <= a->end;
}

/* Take those that touch it out and into it. */
static struct guest_reserved_range swallow(struct guest_reserved *r, struct guest_reserved_range range)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->count; i++) {
        const struct guest_reserved_range *old = &r->ranges[i];
        if (touch(old, &range)) {
            range.start = old->start < range.start ? old->start : range.start;
            range.end = old->end > range.end ? old->end : range.end;
        } else {
            r->ranges[kept++] = *old;
        }
    }
    r->count = kept;
    return range;
}

static enum status add(struct guest_reserved *r, struct guest_reserved_range range)
{
    range = swallow(r, range);
    if (r->count == GUEST_RESERVED_MAX) {
        return STATUS_NO_MEMORY;
    }
    size_t at = r->count++;
    for (; at > 0 && r->ranges[at - 1].start > range.start; at--) {
        r->ranges[at] = r->ranges[at - 1];
    }
    r->ranges[at] = range;
    return STATUS_OK;
}

enum status guest_reserved_make(const struct dmar *dmar, const struct plan_reserved *regions, size_t count,
                                struct guest_reserved *out)
{
    enum status status = STATUS_OK;
    out->count = 0;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const struct dmar_rmrr *rmrr = &dmar->rmrrs[regions[i].rmrr];
        struct guest_reserved_range range = {.start = rmrr->start};
        if (rmrr->size == 0 || !is_aligned(rmrr->start | rmrr->size, PAGE_SIZE) ||
            __builtin_add_overflow(rmrr->start, rmrr->size, &range.end)) {
            return STATUS_OUT_OF_RANGE;
        }
        status = add(out, range);
    }
    return status;
}

enum status guest_reserved_map(const struct guest_reserved *reserved, struct vtd_domain *domain)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < reserved->count; i++) {
        const struct guest_reserved_range *r = &reserved->ranges[i];
        status = vtd_domain_map_reserved(domain, hpa(r->start), hpa(r->end - 1));
    }
    return status;
}

void guest_reserved_describe(const struct guest_reserved *reserved, struct image_range *map, size_t *count)
{
    for (size_t i = 0; i < reserved->count; i++) {
        const struct guest_reserved_range *r = &reserved->ranges[i];
        size_t at = (*count)++;
        for (; at > 0 && map[at - 1].start > r->start; at--) {
            map[at] = map[at - 1];
        }
        map[at] = (struct image_range){.start = r->start, .size = r->end - r->start, .ram = false};
    }
}
