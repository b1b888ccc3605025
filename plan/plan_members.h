/* SPDX-License-Identifier: GPL-2.0-only
 * A group goes to one guest, whole: what is missing, why it belongs, and what to write. */
#ifndef BULKHEAD_PLAN_PLAN_MEMBERS_H
#define BULKHEAD_PLAN_PLAN_MEMBERS_H

#include "plan/plan_work.h"

/* Refuse parts of groups, and groups of which two guests have something. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status plan_members_check(struct plan_work *w);

#endif
