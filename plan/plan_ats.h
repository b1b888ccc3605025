/* SPDX-License-Identifier: GPL-2.0-only
 * Which devices may keep translations themselves (ATS): those of `ats = true` for which every part of the machine on
 * the way is made for it. */
#ifndef BULKHEAD_PLAN_PLAN_ATS_H
#define BULKHEAD_PLAN_PLAN_ATS_H

#include "plan/plan_work.h"

/* Refuse every claim that asks for it in vain; set `ats` of the others that ask. */
void plan_ats_check(struct plan_work *w);

/* Must this device be told twice to forget a translation? */
bool plan_ats_is_twice(const struct pci_function *f);

#endif
