/* SPDX-License-Identifier: GPL-2.0-only
 * Access Control Services (PCIe 6.0 6.12, 7.7.11): switched on wherever a function has them, before anybody decides by
 * them what is isolated. */
#ifndef BULKHEAD_DRIVERS_PCI_ACS_H
#define BULKHEAD_DRIVERS_PCI_ACS_H

#include "drivers/pci.h"
#include "drivers/pci_caps.h"
#include "kernel/lib/diag.h"

enum pci_acs_bits {
    PCI_ACS_SOURCE_VALIDATION = 0x01,
    PCI_ACS_TRANSLATION_BLOCKING = 0x02,
    PCI_ACS_REQUEST_REDIRECT = 0x04,
    PCI_ACS_COMPLETION_REDIRECT = 0x08,
    PCI_ACS_UPSTREAM_FORWARDING = 0x10,
    PCI_ACS_EGRESS_CONTROL = 0x20,
    PCI_ACS_DIRECT_TRANSLATED = 0x40,
};

/* What isolation asks of a function (Linux wants the same four). */
#define PCI_ACS_ISOLATION                                                                                              \
    ((uint16_t)(PCI_ACS_SOURCE_VALIDATION | PCI_ACS_REQUEST_REDIRECT | PCI_ACS_COMPLETION_REDIRECT |                   \
                PCI_ACS_UPSTREAM_FORWARDING))

/* Root ports of Intel's 100 and 200 series and their mobile kin have capability and control as dwords (errata 22 and 23
 * of their specification updates): control is at +8, and what is at +6 means nothing. */
bool pci_acs_has_dwords(const struct pci_function *f);

/* Root ports of Intel's chipsets before them have no ACS, but can do the same: Linux, pci_quirk_intel_pch_acs. */
bool pci_acs_can_emulate(const struct pci_function *f);

/* Fill in acs_cap and acs_control of a function whose Express type and ACS capability are known. */
void pci_acs_read(const struct pci_reader *reader, struct pci_function *f);

/* The control value that f gets: what isolates and it has; Translation Blocking too (ATS is off everywhere) where it is
 * a port; neither Egress Control nor Direct Translated P2P. Other bits as they are. Pure. */
uint16_t pci_acs_wanted(const struct pci_function *f);

/* Write that to every function with ACS and put what reads back into facts; make chipsets' ports that can emulate it do
 * so. A bit that does not stay, and a chipset that cannot be reached, are warnings. Returns how many functions have
 * ACS, emulated or their own. */
size_t pci_acs_enable(struct pci_facts *facts, struct diag_list *diags);

/* Translation Blocking of a port that has it, on or off: translated requests from below are errors, or not. Nothing
 * happens to any other function. facts stay as they were: isolation does not depend on it. */
void pci_acs_block_translated(const struct pci_function *port, bool block);

/* The same for facts that were read elsewhere (a dump): as if every bit stayed and every chipset could be reached.
 * Pure. */
void pci_acs_predict(struct pci_facts *facts);

#endif
