/* SPDX-License-Identifier: GPL-2.0-only
 * Invalidation in terms of what changed; by queue where the unit has one, else by registers.
 * Every function wants the unit's lock held, flushes the write buffer where needed, drains DMA in flight where the
 * unit can, and returns only when the unit says it is done. On STATUS_TIMEOUT or STATUS_HARDWARE what the old entries
 * named must not be reused. */
#ifndef BULKHEAD_VTD_INVALIDATE_H
#define BULKHEAD_VTD_INVALIDATE_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vtd/device_tlb.h"

struct vtd_unit;

/* All contexts and all translations. */
MUST_CHECK enum status vtd_invalidate_all(struct vtd_unit *u);

/* The context entry of a source id that was (or, with caching mode, is now) in domain, and the domain's
 * translations. */
MUST_CHECK enum status vtd_invalidate_source(struct vtd_unit *u, uint16_t domain, uint16_t source);

/* All translations of a domain. */
MUST_CHECK enum status vtd_invalidate_domain(struct vtd_unit *u, uint16_t domain);

/* At least [from, from+size) of a domain; size > 0. */
MUST_CHECK enum status vtd_invalidate_range(struct vtd_unit *u, uint16_t domain, uint64_t from, uint64_t size);

/* Interrupt remapping entries first..first+count-1, or all of them. STATUS_UNSUPPORTED without a queue. */
MUST_CHECK enum status vtd_invalidate_interrupts(struct vtd_unit *u, uint16_t first, unsigned count);
MUST_CHECK enum status vtd_invalidate_all_interrupts(struct vtd_unit *u);

/* What a device's own TLB holds of at least [from, from+size), or all of it: after the unit's own, from which the
 * device would fetch it again. Asks nothing but the device. STATUS_UNSUPPORTED without a queue or without ECAP.DT;
 * STATUS_TIMEOUT: the device, or the unit, does not answer. */
MUST_CHECK enum status vtd_invalidate_device_range(struct vtd_unit *u, const struct vtd_device_tlb *tlb, uint64_t from,
                                                   uint64_t size);
MUST_CHECK enum status vtd_invalidate_device_all(struct vtd_unit *u, const struct vtd_device_tlb *tlb);

/* Push table writes out of the chipset's write buffer, where the unit needs that told (CAP.RWBF or quirk). */
MUST_CHECK enum status vtd_invalidate_write_buffer(struct vtd_unit *u);

/* Which single page-selective command covers [from, from+size)? The order (log2 of pages), or -1 when none is
 * allowed and the whole domain must go. Pure. */
int vtd_invalidate_order(uint64_t from, uint64_t size, bool page_selective, unsigned max_address_mask);

#endif
