/* SPDX-License-Identifier: GPL-2.0-only
 * In which order guests are made: making the owner of an SR-IOV device's PF resets that, and all its VFs with it, so it
 * comes before guests that have some. Pure. */
#ifndef BULKHEAD_PLAN_PLAN_MAKING_H
#define BULKHEAD_PLAN_PLAN_MAKING_H

#include "plan/plan.h"

/* The guest to make next: the first in the file that waits for nobody. made: bit i: guest i is made already; not all
 * are. Where each waits for another it is the first of all, and making one of them will fail. */
size_t plan_making_next(const struct pci_facts *pci, const struct plan *plan, uint64_t made);

#endif
