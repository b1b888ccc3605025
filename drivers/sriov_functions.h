/* SPDX-License-Identifier: GPL-2.0-only
 * VFs as functions among the facts: what their own registers do not show comes from the PF (PCIe 6.0 9.3.4). */
#ifndef BULKHEAD_DRIVERS_SRIOV_FUNCTIONS_H
#define BULKHEAD_DRIVERS_SRIOV_FUNCTIONS_H

#include "drivers/sriov_plan.h"

/* VF i of s: ids and BARs synthesised, the rest from its own configuration space, or, where view knows nothing of that,
 * from its PF: VFs of one PF are alike, have FLR and no INTx#. */
void sriov_functions_make(const struct sriov *s, const struct pci_facts *pci, const struct sriov_view *view, unsigned i,
                          struct pci_function *out, struct diag_list *diag);

/* Put the VFs of all PFs of facts among pci's functions, which move to new memory of arena: sorted by address. Indices
 * in pci and facts are renumbered; others' are not: take addresses before and look them up again. STATUS_NO_MEMORY:
 * nothing was changed. */
MUST_CHECK enum status sriov_functions_add(struct sriov_facts *facts, struct pci_facts *pci,
                                           const struct sriov_view *view, struct arena *arena, struct diag_list *diag);

#endif
