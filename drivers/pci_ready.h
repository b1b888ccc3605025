/* SPDX-License-Identifier: GPL-2.0-only
 * Does a function answer, and waiting until it does again after a reset (PCIe 6.0 2.3.1, 6.6.1). */
#ifndef BULKHEAD_DRIVERS_PCI_READY_H
#define BULKHEAD_DRIVERS_PCI_READY_H

#include "drivers/pci.h"
#include "kernel/core/time.h"
#include "kernel/lib/status.h"

#define PCI_READY_POLL_US UINT64_C(1000)    /* between two looks */
#define PCI_READY_LINK_US UINT64_C(1000000) /* a link that is not up after that stays down */

/* False when it reads all ones (gone, in reset, its link down) or puts requests off. */
bool pci_ready(const struct pci_function *f);

/* How long it may take from now on: 1 s for one that reads all ones, 5 s for one that says itself that it needs longer
 * (configuration request retry, made visible). */
struct pci_ready_until {
    struct deadline silent, slow;
};
struct pci_ready_until pci_ready_begin(void);

/* One look: true when it answers, or its time is over: STATUS_TIMEOUT. */
MUST_CHECK bool pci_ready_look(const struct pci_function *f, struct pci_ready_until until, enum status *status);

/* Look until that is so. */
MUST_CHECK enum status pci_ready_wait(const struct pci_function *f);

/* Is the link below that port up, as far as the port can tell? */
bool pci_ready_link(const struct pci_function *port);

#endif
