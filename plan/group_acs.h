/* SPDX-License-Identifier: GPL-2.0-only
 * Does one function keep what it forwards, or what its neighbours in the device send, apart? (PCIe 6.0 6.12; Linux:
 * pci_acs_enabled) */
#ifndef BULKHEAD_PLAN_GROUP_ACS_H
#define BULKHEAD_PLAN_GROUP_ACS_H

#include "drivers/pci.h"
#include "plan/group_quirks.h"

/* The device that a function belongs to, of those on its bus. With ARI all functions of a link are one, whatever their
 * numbers; virtual functions keep what their id says. */
unsigned group_acs_device(const struct pci_function *f);

/* One function of several of its device; a virtual function counts as alone. */
bool group_acs_is_multifunction(const struct pci_function *f);

/* What a function does as a port: what it says, unless the port above it says that this cannot be (Linux:
 * set_pcie_port_type). `above` is the type that the bridge above acts as, PCI_EXPRESS_NONE without one. */
enum pci_express_type group_acs_acts_as(const struct pci_function *f, bool has_above, enum pci_express_type above);

/* True when requests of and through that function go up to the root complex, or cannot reach a neighbour anyway.
 * `type` is what it acts as; *quirk becomes the row that changed the answer or the registers' place, or NULL. */
bool group_acs_isolates(const struct pci_facts *facts, uint32_t function, enum pci_express_type type,
                        const struct group_quirk **quirk);

/* How a bridge changes the requester id of what it forwards upwards. */
enum group_bridge_ids {
    GROUP_BRIDGE_KEEPS,     /* PCI Express ports: not at all */
    GROUP_BRIDGE_OWN,       /* conventional and PCI-to-PCIe bridges: its own id */
    GROUP_BRIDGE_SECONDARY, /* PCIe-to-PCI bridges: secondary bus, 00.0; or not at all */
};

enum group_bridge_ids group_acs_bridge_ids(const struct pci_facts *facts, uint32_t bridge);

#endif
