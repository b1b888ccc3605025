/* SPDX-License-Identifier: GPL-2.0-only
 * Functions on a VMD domain's first bus that are no bridges, such as the SATA controller of client parts: no secondary
 * bus reset reaches them (PCIe 6.0 6.6.2, PCI AF ECN, PCI PM 1.2 5.4.1). */
#ifndef BULKHEAD_DRIVERS_VMD_RESET_FIRST_H
#define BULKHEAD_DRIVERS_VMD_RESET_FIRST_H

#include "drivers/vmd.h"

/* Each that answers is reset in a way that it has: they are to be left alone for 100 ms. What has none is a line in the
 * log. */
void vmd_reset_first_begin(const struct pci_facts *facts, const struct vmd_domain *d);

/* After that: those that were sent to D3hot wake up. True: there are such, and all are to be left alone for 10 ms. */
bool vmd_reset_first_rise(const struct pci_facts *facts, const struct vmd_domain *d);

#endif
