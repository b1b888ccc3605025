/* SPDX-License-Identifier: GPL-2.0-only
 * Devices that keep translations of a domain themselves (ATS; VT-d 4.1 4, PCIe 6.0 10). */
#ifndef BULKHEAD_VTD_DEVICE_TLB_H
#define BULKHEAD_VTD_DEVICE_TLB_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define VTD_DEVICE_TLBS_MAX 64u /* of one domain */

struct vtd_device_tlb {
    uint16_t unit;   /* index in struct vtd */
    uint16_t source; /* its only requester id */
    uint8_t depth;   /* invalidations it takes at once, as its ATS capability has it: 0 is 32 */
    bool twice;      /* its first answer may come before its last writes: ask again (Linux, dtlb_extra_inval) */
    bool silent;     /* did not answer once: blocked since, and never asked again */
};

struct vtd_device_tlbs {
    struct vtd_device_tlb of[VTD_DEVICE_TLBS_MAX];
    size_t count;
    /* A device did not answer. It is blocked already, and the domain quarantined; no lock of a unit is held. The
     * domain is being changed: only note it here. May be NULL. */
    void (*on_silent)(void *context, uint16_t source);
    void *context;
};

struct vtd_domain;
struct vtd_unit;

/* One more of a domain. STATUS_NO_MEMORY: more than VTD_DEVICE_TLBS_MAX; STATUS_CONFLICT: it is there already. */
MUST_CHECK enum status vtd_device_tlb_add(struct vtd_domain *d, struct vtd_device_tlb tlb);

/* It is not the domain's any more: true when it was silent, and so has no context entry. Asks nobody: its ATS is off,
 * or its context entry goes next. */
bool vtd_device_tlb_drop(const struct vtd_unit *u, uint16_t source, struct vtd_domain *d);

/* After the unit itself forgot that range: the domain's devices behind it do. One that does not answer is blocked, the
 * domain quarantined, on_silent called, and its failure returned; the others are asked all the same. The unit's lock is
 * taken inside. */
MUST_CHECK enum status vtd_device_tlbs_forget(struct vtd_unit *u, struct vtd_domain *d, uint64_t from, uint64_t size);

/* Before ATS goes off in a quiet device (bus mastering off, requests drained), and so before vtd_detach(): it forgets
 * all, and is not asked again. STATUS_NOT_FOUND: no such device. Otherwise it did not answer, now or before. */
MUST_CHECK enum status vtd_device_tlb_leave(struct vtd_unit *u, uint16_t source, struct vtd_domain *d);

#endif
