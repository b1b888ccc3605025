/* SPDX-License-Identifier: GPL-2.0-only
 * What functions behind a VMD endpoint may decode: nothing of the host's but their domain's memory. */
#ifndef BULKHEAD_DRIVERS_VMD_CHILDREN_H
#define BULKHEAD_DRIVERS_VMD_CHILDREN_H

#include "drivers/vmd.h"
#include "kernel/lib/diag.h"

/* Is that BAR of a child (or its ROM) somewhere that is not its domain's memory? Pure. */
bool vmd_child_bar_strays(const struct vmd_domain *d, const struct pci_bar *bar);

/* Close what a child could claim outside its domain's memory: I/O decode always, memory decode and ROM where a BAR
 * strays, bridge windows that are not wholly inside. Reads back; a window that stays open loses its bridge's memory
 * decode. Sizes must be known. */
void vmd_children_confine(const struct vmd_domain *d, struct pci_function *f, struct diag_list *diag);

#endif
