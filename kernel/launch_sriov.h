/* SPDX-License-Identifier: GPL-2.0-only
 * PFs and the guests that share them: the leases of their virtual functions, and in which order the guests are made. */
#ifndef BULKHEAD_KERNEL_LAUNCH_SRIOV_H
#define BULKHEAD_KERNEL_LAUNCH_SRIOV_H

#include "guest/pf_lease.h"
#include "kernel/lib/arena.h"
#include "plan/plan.h"

/* One for each of machine->sriov.pfs, in the arena. STATUS_NO_MEMORY. */
MUST_CHECK enum status launch_sriov_make(const struct machine *machine, struct arena *arena, struct pf_lease **out);

/* The lease that a function is under: it is such a PF, or one of its VFs. NULL: neither. */
struct pf_lease *launch_sriov_lease(const struct machine *machine, struct pf_lease *leases, uint32_t function);

/* Which guest is made next: making the owner of a PF resets that, so it comes before guests with its VFs. made: bit i:
 * guest i is made already, and not all are. The first that waits for nobody; where each waits for another, the first of
 * all, and making one of them will fail. Pure. */
size_t launch_sriov_next(const struct pci_facts *pci, const struct plan *plan, uint64_t made);

#endif
