/* SPDX-License-Identifier: GPL-2.0-only
 * A device of a guest: what the plan says about it, and where it is in this machine. */
#ifndef BULKHEAD_GUEST_VM_DEVICE_H
#define BULKHEAD_GUEST_VM_DEVICE_H

#include "drivers/vmd.h"
#include "kernel/lib/rate.h"
#include "plan/plan.h"
#include "vtd/domain.h"
#include "vtd/line.h"

struct pf_lease;

struct vm_device {
    const struct plan_device *plan;
    const struct pci_function *function;
    struct vtd_unit *unit;
    struct vtd_line_place line;   /* where its INTx# ends; line.io NULL: the guest gets none */
    struct rate_limit irq_limit;  /* of each of its interrupts; period_ns 0: none */
    struct vtd_domain *firmware;  /* where firmware's reserved memory keeps it until it is assigned; NULL: nowhere */
    const struct vmd_domain *vmd; /* of a VMD endpoint: what is behind it; NULL: it is none */
    struct pf_lease *lease;       /* of the VFs of this PF, or of this VF's PF; NULL: it is neither */
};

/* Who may send its interrupt messages: itself, the bridge that speaks for it, or any function on the buses behind its
 * bridge. */
static inline struct vtd_irte_source vm_device_messages(const struct vm_device *d)
{
    if (d->plan->bus_interrupts) {
        return vtd_irte_source_buses(d->plan->first_bus, d->plan->last_bus);
    }
    return vtd_irte_source_function(sbdf_rid(d->plan->message_source));
}

#endif
