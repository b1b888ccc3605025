/* SPDX-License-Identifier: GPL-2.0-only
 * Who may touch the virtual functions of one PF: guests that have some of them, any number, or whoever resets the PF,
 * for a reset switches them off. Never both. From any CPU; nothing here waits. */
#ifndef BULKHEAD_GUEST_PF_LEASE_H
#define BULKHEAD_GUEST_PF_LEASE_H

#include "drivers/sriov.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct pf_lease {
    const struct sriov *sriov; /* whose VFs are on since boot */
    int32_t users;             /* atomic: guests that have VFs of it in their domains; PF_LEASE_RESET: it is reset */
    bool off;                  /* atomic: they could not be switched on again after a reset of the PF */
};

#define PF_LEASE_RESET (-1)

/* One for each PF of facts, which lives on. STATUS_NO_MEMORY. */
MUST_CHECK enum status pf_lease_make(const struct sriov_facts *facts, struct arena *arena, struct pf_lease **out);

/* The one that the function of that index in pci is under: such a PF, or a VF of it. NULL: it is neither. */
struct pf_lease *pf_lease_of(struct pf_lease *leases, const struct sriov_facts *facts, const struct pci_facts *pci,
                             uint32_t function);

/* For a guest's VFs. STATUS_CONFLICT: the PF is being reset, ask again; STATUS_HARDWARE: its VFs are off. */
MUST_CHECK enum status pf_lease_use(struct pf_lease *lease);
void pf_lease_leave(struct pf_lease *lease);

/* For a reset of the PF. False: a guest uses VFs of it, or it is being reset. */
MUST_CHECK bool pf_lease_reserve(struct pf_lease *lease);
void pf_lease_release(struct pf_lease *lease);

/* Reserved, and the PF was reset, which came to `reset`: the same VFs again. False: that cannot be done, and they are
 * off until the next reset; the log and the event vfs-enabled say so. True: pf_lease_restore_end() is to be called
 * SRIOV_READY_US later, which says what came of it. */
MUST_CHECK bool pf_lease_restore_begin(struct pf_lease *lease, enum status reset);
void pf_lease_restore_end(struct pf_lease *lease);

/* Its PF's VFs take their requester ids from what another PF of the device is told, which a reset of that one changes
 * while it lasts (ARI Capable Hierarchy). */
bool pf_lease_follows(const struct pf_lease *lease);

/* Reserved, and that other one may have been reset: where ids are not what they were, the VFs count as off until the
 * next reset of their PF; the log and the event say so. Nothing for one that follows none. */
void pf_lease_look(struct pf_lease *lease);

#endif
