/* SPDX-License-Identifier: GPL-2.0-only
 * What there is to give away: one line a PCI function, in the hypervisor's log and from `bulkhead devices`. Pure. */
#ifndef BULKHEAD_PLAN_INVENTORY_H
#define BULKHEAD_PLAN_INVENTORY_H

#include "plan/plan_survey.h"

#define INVENTORY_LINE_SIZE 512

/* "device=0000:3b:00.0 id=8086:37c8 class=020000 unit=0 group=3 reset=flr resets=flr,bus assignable=yes",
 * with vmd=, sriov= and rmrr=yes where they hold, and, last, assignable=no why="is a bridge". `resets` is all that it
 * can do, `reset` what the plan takes when its whole group goes to one guest. Returns the full length. */
size_t inventory_line(const struct plan_survey *survey, uint32_t function, char *out, size_t size);

#endif
