/* SPDX-License-Identifier: GPL-2.0-only
 * Bus numbers behind a VMD endpoint (PCI-to-PCI Bridge 1.2 3.2.5.3-5): firmware's where they make sense, else ours. */
#ifndef BULKHEAD_DRIVERS_VMD_BUSES_H
#define BULKHEAD_DRIVERS_VMD_BUSES_H

#include "drivers/vmd.h"
#include "kernel/lib/diag.h"

/* The domain's configuration space must be reachable. Keeps the bridges' bus numbers when all of them are set, nested
 * as depth-first order has them and inside first_bus..last_bus; else gives all bridges new ones, depth first. A bridge
 * that keeps nothing, or for which no bus is left, leads nowhere; it is a warning. Returns the last bus that
 * anything can be on. Ends after at most VMD_BUSES_MAX buses whatever the devices say. */
uint8_t vmd_buses_settle(const struct vmd_domain *d, struct sbdf endpoint, struct diag_list *diag);

#endif
