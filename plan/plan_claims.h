/* SPDX-License-Identifier: GPL-2.0-only
 * From the words of `devices` to claims, one a function, and what each function by itself has against it. */
#ifndef BULKHEAD_PLAN_PLAN_CLAIMS_H
#define BULKHEAD_PLAN_PLAN_CLAIMS_H

#include "plan/plan_work.h"

/* The claims of all guests; words that name nothing that could be claimed are refused. */
void plan_claims_make(struct plan_work *w);

/* Claims of every group that nobody named for the guest of system.unassigned; nothing without one. */
void plan_claims_leftovers(struct plan_work *w);

/* Take the claims of left-over groups that were thrown out back. */
void plan_claims_drop(struct plan_work *w);

/* Refuse what a claim's function cannot; expect; and tables of devices that nobody gets. */
void plan_claims_check(struct plan_work *w);
void plan_claims_check_tables(struct plan_work *w);

/* Say which left-over groups stay blocked. */
void plan_claims_say_left(struct plan_work *w);

#endif
