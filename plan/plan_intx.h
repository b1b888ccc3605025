/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt lines (INTx#) of assigned devices: which one a device has, and that nobody else has it. */
#ifndef BULKHEAD_PLAN_PLAN_INTX_H
#define BULKHEAD_PLAN_PLAN_INTX_H

#include "plan/plan_work.h"

/* Choose the line of every claim. One that the file names, or that a device without MSI must have, is refused where it
 * is somebody else's; a device with MSI then does without. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status plan_intx_choose(struct plan_work *w);

#endif
