/* SPDX-License-Identifier: GPL-2.0-only
 * MSI of an assigned function as its guest programs it: one vector (PCI 3.0 6.8.1). The registers the guest sees are
 * bytes of its view; the device's hold a message of ours, which is remapped or names a host vector
 * (guest/device_irq.h). One guest's calls here are serialised by the caller. */
#ifndef BULKHEAD_GUEST_PCI_MSI_H
#define BULKHEAD_GUEST_PCI_MSI_H

#include "guest/device_irq.h"
#include "guest/pci_view.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct guest_msi {
    const struct pci_function *host; /* NULL: no MSI */
    struct device_irq irq;
    bool stuck; /* the interrupt could not be withdrawn: *irq is in use for good */
};

void guest_msi_init(struct guest_msi *m, const struct vm_device *device, const struct pci_view *view,
                    const struct message_router *router);

/* The guest wrote somewhere in the capability: make the device do what the view now says. */
void guest_msi_update(struct guest_msi *m, const struct pci_view *view);

/* Off; vector and entry given back. When stuck is set afterwards the unit did not confirm it. */
void guest_msi_reset(struct guest_msi *m);

#endif
