/* SPDX-License-Identifier: GPL-2.0-only
 * Intel chipsets whose root ports have no ACS but can be told to send everything upwards and to check requester ids
 * (Linux, drivers/pci/quirks.c: pci_quirk_enable_intel_pch_acs). */
#ifndef BULKHEAD_DRIVERS_PCI_ACS_CHIPSET_H
#define BULKHEAD_DRIVERS_PCI_ACS_CHIPSET_H

#include "drivers/pci.h"
#include "kernel/lib/diag.h"

/* Make that port isolate, and with it, as far as the chipset's own registers go, all its neighbours. False, and a
 * warning, when the registers are not there or do not keep what is written: the port does not isolate then. */
bool pci_acs_chipset_enable(const struct pci_function *port, struct diag_list *diags);

#endif
