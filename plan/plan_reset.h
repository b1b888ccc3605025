/* SPDX-License-Identifier: GPL-2.0-only
 * How each device is reset before it is given away and when it comes back. */
#ifndef BULKHEAD_PLAN_PLAN_RESET_H
#define BULKHEAD_PLAN_PLAN_RESET_H

#include "plan/plan_work.h"

/* Choose for every claim; refuse what the file asks for and the device cannot. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status plan_reset_choose(struct plan_work *w);

#endif
