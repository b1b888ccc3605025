/* SPDX-License-Identifier: GPL-2.0-only
 * Resetting a function before it is given to a guest and after it comes back
 * (PCIe 6.0 6.6.1-2, PCI AF ECN, PCI PM 1.2 5.4.1, PCI-to-PCI Bridge 1.2 3.2.5.18). */
#ifndef BULKHEAD_DRIVERS_PCI_RESET_H
#define BULKHEAD_DRIVERS_PCI_RESET_H

#include "drivers/pci.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/status.h"

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

/* Are all functions behind the bridge above f among `members` (indices into facts, in any order), so that resetting
 * its secondary bus hurts nobody else? False on a root bus. Bridges behind it need not be named. Pure. */
bool pci_reset_bus_alone(const struct pci_facts *facts, const struct pci_function *f, const uint32_t *members,
                         size_t count);

/* The gentlest way that works: FLR, AF FLR, D3hot-D0, secondary bus reset (only if bus_alone), none. Pure. */
enum pci_reset_kind pci_reset_method(const struct pci_function *f, bool bus_alone);

/* Bytes of scratch that pci_reset() takes for that. */
size_t pci_reset_scratch(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind);

/* Reset f (BUS: everything behind the bridge above it): configuration is saved, bus mastering switched off, requests
 * under way waited for, the reset done with its waits, and configuration restored and read back, but for bus mastering,
 * which stays off. scratch holds the saved state meanwhile and is given back. The log names whoever is the cause of a
 * failure, and a function that kept its state through a reset by power states.
 * STATUS_UNSUPPORTED when pci_reset_possible says no; STATUS_NO_MEMORY when scratch is too small: nothing was touched.
 * STATUS_TIMEOUT when a function does not answer, now or after its wait (drivers/pci_ready.h), or does not leave or
 * reach a power state; STATUS_HARDWARE when what was restored does not read back: it must stay unused then. */
MUST_CHECK enum status pci_reset(const struct pci_facts *facts, const struct pci_function *f, enum pci_reset_kind kind,
                                 const struct arena *scratch);

#endif
