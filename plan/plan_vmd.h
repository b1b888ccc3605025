/* SPDX-License-Identifier: GPL-2.0-only
 * Rules about Intel VMD endpoints: one goes to a guest with all that is behind it, or not at all. */
#ifndef BULKHEAD_PLAN_PLAN_VMD_H
#define BULKHEAD_PLAN_PLAN_VMD_H

#include "plan/plan_function.h"
#include "plan/plan_work.h"

/* Why the domain behind that function cannot be used; false: it can, or the function is no VMD endpoint. Its text and
 * fix are constants. Pure. */
bool plan_vmd_fault(const struct machine *m, uint32_t function, struct plan_fault *out);

/* Refuse endpoints where interrupts are not remapped; say what a guest has to know, or has too few CPUs for. */
void plan_vmd_check(struct plan_work *w);

/* Refuse a function behind an endpoint that was named by itself. */
void plan_vmd_refuse_child(struct plan_work *w, const struct plan_claim *asked);

/* An address that the BAR must not have in a guest, or 0: drivers find out by the difference between a guest's and the
 * host's address of MEMBAR1 that they have to translate. */
uint64_t plan_vmd_avoid(const struct pci_function *f, unsigned bar);

/* The next function behind that endpoint, of index `from` or above; PCI_NO_INDEX: no more. */
uint32_t plan_vmd_next(const struct pci_facts *pci, uint32_t endpoint, uint32_t from);

#endif
