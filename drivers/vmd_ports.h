/* SPDX-License-Identifier: GPL-2.0-only
 * What root ports behind VMD endpoints hold of what their user may write, as firmware left it: no reset below reaches
 * a root port, so that its next user would find what the last one wrote (PCIe 6.0 7.5.3). */
#ifndef BULKHEAD_DRIVERS_VMD_PORTS_H
#define BULKHEAD_DRIVERS_VMD_PORTS_H

#include "drivers/vmd.h"

/* Of all root ports of the domain, VMD_PORTS_MAX at most; once, before anybody has it. */
void vmd_ports_remember(struct vmd_domain *d, const struct pci_facts *pci);

/* Payload and read sizes, link control but for its switch, time limits and the slot's lights are as they were. */
void vmd_ports_restore(const struct vmd_domain *d);

#endif
