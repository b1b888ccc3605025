/* SPDX-License-Identifier: GPL-2.0-only
 * How a guest reaches the configuration space of its bus: ports 0xCF8 and 0xCFC (PCI 3.0 3.2.2.3.2), and ECAM. */
#ifndef BULKHEAD_GUEST_PCI_ACCESS_H
#define BULKHEAD_GUEST_PCI_ACCESS_H

#include "guest/pci.h"

/* Its ranges on the guest's buses. STATUS_NO_MEMORY, STATUS_CONFLICT: as bus_add(). */
MUST_CHECK enum status guest_pci_access_add(struct guest_pci *pci);
void guest_pci_access_remove(struct guest_pci *pci);

#endif
