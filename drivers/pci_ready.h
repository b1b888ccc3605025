/* SPDX-License-Identifier: GPL-2.0-only
 * Does a function answer, and waiting until it does again after a reset (PCIe 6.0 2.3.1, 6.6.1). */
#ifndef BULKHEAD_DRIVERS_PCI_READY_H
#define BULKHEAD_DRIVERS_PCI_READY_H

#include "drivers/pci.h"
#include "kernel/lib/status.h"

/* False when it reads all ones (gone, in reset, its link down) or puts requests off. */
bool pci_ready(const struct pci_function *f);

/* Until it answers: 1 s for one that reads all ones, 5 s for one that says itself that it needs longer (configuration
 * request retry, made visible). STATUS_TIMEOUT: it does not. */
MUST_CHECK enum status pci_ready_wait(const struct pci_function *f);

/* Until the link below that port is up again, where the port can tell; 1 s at most. What does not answer then is told
 * by pci_ready_wait(). */
void pci_ready_wait_link(const struct pci_function *port);

#endif
