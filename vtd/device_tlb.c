/* SPDX-License-Identifier: GPL-2.0-only
 * Devices' own TLBs told to forget (VT-d 4.1 4.2, 6.5.2.5). */
#include "vtd/device_tlb.h"

#include "kernel/core/log.h"
#include "vtd/domain.h"
#include "vtd/invalidate.h"
#include "vtd/root.h"

#define ALL 0 /* bytes of a range */

static struct vtd_device_tlb *find(struct vtd_domain *d, unsigned unit, uint16_t source)
{
    for (size_t i = 0; i < d->tlbs.count; i++) {
        if (d->tlbs.of[i].unit == unit && d->tlbs.of[i].source == source) {
            return &d->tlbs.of[i];
        }
    }
    return NULL;
}

enum status vtd_device_tlb_add(struct vtd_domain *d, struct vtd_device_tlb tlb)
{
    if (find(d, tlb.unit, tlb.source) != NULL) {
        return STATUS_CONFLICT;
    }
    if (d->tlbs.count == VTD_DEVICE_TLBS_MAX) {
        return STATUS_NO_MEMORY;
    }
    d->tlbs.of[d->tlbs.count++] = tlb;
    return STATUS_OK;
}

static void remove(struct vtd_domain *d, struct vtd_device_tlb *tlb)
{
    *tlb = d->tlbs.of[--d->tlbs.count];
}

bool vtd_device_tlb_drop(const struct vtd_unit *u, uint16_t source, struct vtd_domain *d)
{
    struct vtd_device_tlb *tlb = find(d, u->index, source);
    bool silent = tlb != NULL && tlb->silent;
    if (tlb != NULL) {
        remove(d, tlb);
    }
    return silent;
}

/* Without a context entry the unit lets nothing of it through, translated or not: what it still remembers is of no use
 * to it. The unit's lock is held. */
static void block(struct vtd_unit *u, struct vtd_domain *d, struct vtd_device_tlb *tlb)
{
    tlb->silent = true;
    d->quarantined = true;
    enum status s = vtd_root_clear(u, tlb->source);
    s = s == STATUS_OK ? vtd_invalidate_source(u, d->ids[u->index], tlb->source) : s;
    log_error("vtd: unit=%u device=%02x:%02x.%u does not answer for its TLB: it is blocked%s", u->index,
              (unsigned)tlb->source >> 8, ((unsigned)tlb->source >> 3) & 0x1f, (unsigned)tlb->source & 7,
              s == STATUS_OK ? "" : ", which the unit does not confirm");
}

static enum status forget(struct vtd_unit *u, struct vtd_domain *d, struct vtd_device_tlb *tlb, uint64_t from,
                          uint64_t size)
{
    if (tlb->silent) {
        return STATUS_TIMEOUT;
    }
    uint64_t flags = lock_take(&u->lock);
    enum status s = size == ALL ? vtd_invalidate_device_all(u, tlb) : vtd_invalidate_device_range(u, tlb, from, size);
    if (s != STATUS_OK) {
        block(u, d, tlb);
    }
    lock_release(&u->lock, flags);
    if (s != STATUS_OK && d->tlbs.on_silent != NULL) {
        d->tlbs.on_silent(d->tlbs.context, tlb->source);
    }
    return s;
}

enum status vtd_device_tlbs_forget(struct vtd_unit *u, struct vtd_domain *d, uint64_t from, uint64_t size)
{
    enum status result = STATUS_OK;
    for (size_t i = 0; i < d->tlbs.count; i++) {
        if (d->tlbs.of[i].unit == u->index) {
            enum status s = forget(u, d, &d->tlbs.of[i], from, size);
            result = s != STATUS_OK ? s : result;
        }
    }
    return result;
}

enum status vtd_device_tlb_leave(struct vtd_unit *u, uint16_t source, struct vtd_domain *d)
{
    struct vtd_device_tlb *tlb = find(d, u->index, source);
    if (tlb == NULL) {
        return STATUS_NOT_FOUND;
    }
    enum status s = forget(u, d, tlb, 0, ALL);
    if (s == STATUS_OK) {
        remove(d, tlb);
    }
    return s;
}
