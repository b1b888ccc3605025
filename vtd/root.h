/* SPDX-License-Identifier: GPL-2.0-only
 * Root table and context tables: which second-level tables a source id uses (VT-d 4.1 9.1, 9.3, legacy mode).
 * What is not present blocks every request of that source. The caller holds the unit's lock and invalidates. */
#ifndef BULKHEAD_VTD_ROOT_H
#define BULKHEAD_VTD_ROOT_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vtd/context.h"

struct vtd_unit;

/* Allocate an empty root table: every source blocked. */
MUST_CHECK enum status vtd_root_init(struct vtd_unit *u);

/* Make the context entry of source present. STATUS_CONFLICT when it already is, STATUS_NO_MEMORY. */
MUST_CHECK enum status vtd_root_set(struct vtd_unit *u, uint16_t source, struct vtd_context context);

/* Make it not present. STATUS_NOT_FOUND when it was not. */
MUST_CHECK enum status vtd_root_clear(struct vtd_unit *u, uint16_t source);

/* The entry of source; all zero when there is none. */
struct vtd_context vtd_root_get(const struct vtd_unit *u, uint16_t source);

#endif
