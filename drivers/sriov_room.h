/* SPDX-License-Identifier: GPL-2.0-only
 * Room for VF BARs inside the windows of the bridge above (PCI-to-PCI Bridge 1.2 3.2.5.8-10, PCIe 6.0 9.2.1.1.1). */
#ifndef BULKHEAD_DRIVERS_SRIOV_ROOM_H
#define BULKHEAD_DRIVERS_SRIOV_ROOM_H

#include "drivers/sriov_plan.h"

/* What a bridge lets through; start == end: nothing. */
struct sriov_window {
    uint64_t start, end; /* end exclusive */
};

/* The windows of a bridge from its registers; false when it is no PCI-to-PCI bridge or its registers are not known. */
bool sriov_room_windows(const struct sriov_view *view, const struct pci_function *bridge, struct sriov_window *memory,
                        struct sriov_window *prefetchable);

/* Addresses for the VF BARs of s, whose sizes are known: firmware's own where all TotalVFs of them are inside the
 * bridge's windows and nobody else's, else the lowest free place there; large ones first. Sets their addresses.
 * STATUS_UNSUPPORTED: no room; why is in diag. */
MUST_CHECK enum status sriov_room_find(const struct sriov_place *place, struct sriov *s, struct diag_list *diag);

#endif
