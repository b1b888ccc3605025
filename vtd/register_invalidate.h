/* SPDX-License-Identifier: GPL-2.0-only
 * Invalidation through registers, for units without a queue and before it is on (VT-d 4.1 6.5.1).
 * Every function here wants the unit's lock held and the queue off. */
#ifndef BULKHEAD_VTD_REGISTER_INVALIDATE_H
#define BULKHEAD_VTD_REGISTER_INVALIDATE_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct vtd_unit;

/* Each starts one command and waits for it: STATUS_TIMEOUT when the unit does not finish, STATUS_HARDWARE when it
 * says that it did nothing. */
MUST_CHECK enum status vtd_register_invalidate_context_global(struct vtd_unit *u);
MUST_CHECK enum status vtd_register_invalidate_context_device(struct vtd_unit *u, uint16_t domain, uint16_t source);
MUST_CHECK enum status vtd_register_invalidate_iotlb_global(struct vtd_unit *u);
MUST_CHECK enum status vtd_register_invalidate_iotlb_domain(struct vtd_unit *u, uint16_t domain);
MUST_CHECK enum status vtd_register_invalidate_iotlb_pages(struct vtd_unit *u, uint16_t domain, uint64_t address,
                                                           unsigned order);

#endif
