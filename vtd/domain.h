/* SPDX-License-Identifier: GPL-2.0-only
 * Domains: what memory a set of devices can reach. One set of second-level tables, shared by all units: its own, or a
 * guest's nested tables.
 * Changes to one domain are serialised by its owner; the units' own locks are taken inside. */
#ifndef BULKHEAD_VTD_DOMAIN_H
#define BULKHEAD_VTD_DOMAIN_H

#include "kernel/core/radix.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vtd/device_tlb.h"
#include "vtd/history.h"
#include "vtd/vtd.h"

struct vtd_domain {
    struct vtd *vtd;
    struct radix tables;              /* its own; none while it uses shared ones */
    const struct radix *shared;       /* a guest's nested tables, which the guest changes and frees; NULL: its own */
    bool snoop;                       /* devices' accesses snoop the CPUs' caches, whatever they ask for */
    uint64_t address_limit;           /* device addresses are below this */
    uint16_t ids[VTD_UNITS_MAX];      /* on each unit; 0 = none, as no source is attached there */
    uint16_t attached[VTD_UNITS_MAX]; /* sources attached on each unit */
    struct vtd_history gone;          /* noted by who unmaps */
    bool quarantined;                 /* a unit or a device's TLB did not confirm a withdrawal: nothing may be reused */
    struct vtd_device_tlbs tlbs;      /* devices that keep translations themselves */
};

/* An empty domain: nothing mapped, nobody attached. */
MUST_CHECK enum status vtd_domain_create(struct vtd *v, struct vtd_domain *d);

/* A domain that reaches exactly what `nested` shows: tables in EPT format, with radix.flush and radix.always as
 * vtd/share.h wants them for every unit that a source is going to be attached on. They stay the caller's, who changes
 * them by radix_map() and radix_unmap(), calls vtd_domain_map() after the first and vtd_domain_unmap() after the
 * second, and frees them only after vtd_domain_destroy() said STATUS_OK. Device addresses are below limit. */
void vtd_domain_create_shared(struct vtd *v, struct vtd_domain *d, const struct radix *nested, uint64_t limit);

/* Give its own tables back. STATUS_CONFLICT while sources are attached, STATUS_TIMEOUT when it is quarantined; its
 * tables stay then. */
MUST_CHECK enum status vtd_domain_destroy(struct vtd_domain *d);

/* Let devices reach [to, to+size) at [from, from+size). rights: RADIX_READ and/or RADIX_WRITE.
 * STATUS_OUT_OF_RANGE: not page-aligned, beyond the units' address width, or touching the interrupt addresses
 * 0xfee00000-0xfeefffff on either side. STATUS_CONFLICT: some of it is mapped; nothing changed. STATUS_NO_MEMORY:
 * nothing stays mapped. STATUS_TIMEOUT or STATUS_HARDWARE: a unit did not answer; nothing stays mapped, but the domain
 * is quarantined.
 * On shared tables: they show just that already, else STATUS_CONFLICT; the units are told. Nothing is mapped or, on
 * failure, unmapped by this. */
MUST_CHECK enum status vtd_domain_map(struct vtd_domain *d, struct iova from, struct hpa to, uint64_t size,
                                      unsigned rights);

/* One to one, for a reserved memory region (RMRR): first and last byte as in the DMAR. The range is page-aligned at
 * both ends, else STATUS_OUT_OF_RANGE. Before bring-up this is what lets firmware's devices go on. */
MUST_CHECK enum status vtd_domain_map_reserved(struct vtd_domain *d, struct hpa first, struct hpa last);

/* Withdraw. When it returns STATUS_OK no device can reach the pages any more, requests in flight included.
 * STATUS_NO_MEMORY: a larger page could not be split; some of it may still be mapped. Otherwise the domain is
 * quarantined. In both cases the pages must not be reused. Parts that are not mapped are skipped.
 * On shared tables: they show none of it any more, else STATUS_CONFLICT; the units forget it. */
MUST_CHECK enum status vtd_domain_unmap(struct vtd_domain *d, struct iova from, uint64_t size);

/* Change what devices may do with the wholly mapped [from, from+size): RADIX_READ, or that and RADIX_WRITE. When it
 * returns STATUS_OK no device can do more, requests in flight included. STATUS_NOT_FOUND: some of it is not mapped,
 * STATUS_NO_MEMORY: a larger page could not be split; nothing changed then. Otherwise the domain is quarantined.
 * On shared tables: they show just those rights already, else STATUS_CONFLICT; the units are told. */
MUST_CHECK enum status vtd_domain_protect(struct vtd_domain *d, struct iova from, uint64_t size, unsigned rights);

/* Put a source id of that unit into the domain. STATUS_CONFLICT when it is in one already, STATUS_UNSUPPORTED when the
 * unit cannot walk the shared tables. Also before bring-up. */
MUST_CHECK enum status vtd_attach(struct vtd_unit *u, uint16_t source, struct vtd_domain *d);

/* The same for a device that may keep translations itself (ATS): its only id, and what its ATS capability says. From
 * now on whatever the domain loses the device is told to forget, and it is waited for. One that does not answer is
 * blocked at once, the domain is quarantined, and tlbs.on_silent is called. ATS may be switched on in it after this.
 * STATUS_UNSUPPORTED too: the unit has no queue that runs or no device-TLB support; STATUS_NO_MEMORY too: more than
 * VTD_DEVICE_TLBS_MAX. */
MUST_CHECK enum status vtd_attach_device_tlb(struct vtd_unit *u, uint16_t source, struct vtd_domain *d, uint8_t depth,
                                             bool twice);

/* Take it out: blocked from now on. The device must be quiet (bus mastering off) already. When it returns STATUS_OK
 * the unit holds nothing of it. STATUS_NOT_FOUND when it is not in d. Otherwise the domain is quarantined. */
MUST_CHECK enum status vtd_detach(struct vtd_unit *u, uint16_t source, struct vtd_domain *d);

#endif
