/* SPDX-License-Identifier: GPL-2.0-only
 * Protected memory: keeps every device away from all memory until translation is on (VT-d 4.1 11.4.8). */
#ifndef BULKHEAD_VTD_PROTECT_H
#define BULKHEAD_VTD_PROTECT_H

#include "kernel/lib/status.h"

struct vtd_unit;

/* Protect all of memory, as far as the unit has the registers. Nothing happens where it has none. Protection that
 * firmware left on for less than that is lifted for a moment: no device may be mastering the bus. */
MUST_CHECK enum status vtd_protect_on(struct vtd_unit *u);

/* Lift it, whoever switched it on, and wait until it is gone. */
MUST_CHECK enum status vtd_protect_off(struct vtd_unit *u);

#endif
