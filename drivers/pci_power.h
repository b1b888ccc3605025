/* SPDX-License-Identifier: GPL-2.0-only
 * A function taken from one power state to another (PCI PM 1.2 5.4.1), without waiting for it. */
#ifndef BULKHEAD_DRIVERS_PCI_POWER_H
#define BULKHEAD_DRIVERS_PCI_POWER_H

#include "drivers/pci_ready.h"

struct pci_power {
    const struct pci_function *f;
    struct pci_ready_until until;
    uint64_t due_ns; /* when to go on */
    enum status status;
    uint16_t state;
    bool waited; /* its time without accesses has passed */
    bool over;
};

#define PCI_POWER_US UINT64_C(10000) /* PCI PM 1.2 5.4.1: 10 ms into and out of D3hot */

/* state: PCI_PM_D3HOT, or 0 for D0, where a function without power management always is. */
void pci_power_begin(struct pci_power *p, const struct pci_function *f, uint16_t state);

/* True when it is over. status: STATUS_TIMEOUT when the function does not answer, or is not in that state. */
MUST_CHECK bool pci_power_go_on(struct pci_power *p);

#endif
