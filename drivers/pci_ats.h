/* SPDX-License-Identifier: GPL-2.0-only
 * Address translation services of one function (PCIe 6.0 10.5.1): on and off, and the ports above it with them. */
#ifndef BULKHEAD_DRIVERS_PCI_ATS_H
#define BULKHEAD_DRIVERS_PCI_ATS_H

#include "drivers/pci.h"
#include "kernel/lib/status.h"

/* Invalidations that f takes at once, as its capability has it (0: 32). f has ATS. */
uint8_t pci_ats_depth(const struct pci_function *f);

/* Translations of 4 KiB and more (STU 0), then on; before, the ports above let translated requests through (ACS
 * Translation Blocking off). STATUS_NOT_FOUND: it has no ATS; STATUS_HARDWARE: what reads back is something else, and
 * it is off again. */
MUST_CHECK enum status pci_ats_enable(const struct pci_facts *facts, const struct pci_function *f);

/* Off; ports above below which nobody has ATS on any more block translated requests again, where they can.
 * STATUS_HARDWARE: it stays on. One that is off, or does not answer, is left alone. */
MUST_CHECK enum status pci_ats_disable(const struct pci_facts *facts, const struct pci_function *f);

#endif
