/* SPDX-License-Identifier: GPL-2.0-only
 * The ways of resetting a function before it is given to a guest and after it comes back; pci_reset_run.h does it
 * (PCIe 6.0 6.6.1-2, PCI AF ECN, PCI PM 1.2 5.4.1, PCI-to-PCI Bridge 1.2 3.2.5.18). */
#ifndef BULKHEAD_DRIVERS_PCI_RESET_H
#define BULKHEAD_DRIVERS_PCI_RESET_H

#include "drivers/pci.h"

enum pci_reset_kind {
    PCI_RESET_NONE, /* cannot be reset alone */
    PCI_RESET_FLR,
    PCI_RESET_AF, /* the FLR of conventional functions */
    PCI_RESET_D3, /* D3hot to D0, where that loses the state */
    PCI_RESET_BUS,
};

/* "none", "flr", "af-flr", "d3d0", "bus". */
const char *pci_reset_text(enum pci_reset_kind kind);

/* Can f be reset so? BUS only says that there is a bridge above. Pure. */
bool pci_reset_possible(const struct pci_function *f, enum pci_reset_kind kind);

/* Is that bridge above f, at any distance? Pure. */
bool pci_reset_is_behind(const struct pci_facts *facts, const struct pci_function *f,
                         const struct pci_function *bridge);

/* Are all functions behind the bridge above f among `members` (indices into facts, in any order), so that resetting
 * its secondary bus hurts nobody else? False on a root bus. Bridges behind it need not be named. Pure. */
bool pci_reset_bus_alone(const struct pci_facts *facts, const struct pci_function *f, const uint32_t *members,
                         size_t count);

/* The gentlest way that works: FLR, AF FLR, D3hot-D0, secondary bus reset (only if bus_alone), none. Pure. */
enum pci_reset_kind pci_reset_method(const struct pci_function *f, bool bus_alone);

#endif
