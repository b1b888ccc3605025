/* SPDX-License-Identifier: GPL-2.0-only
 * Saving a function's configuration before a reset and writing it back afterwards. */
#ifndef BULKHEAD_DRIVERS_PCI_STATE_H
#define BULKHEAD_DRIVERS_PCI_STATE_H

#include "drivers/pci.h"
#include "kernel/lib/status.h"

#define PCI_STATE_MAX 48

struct pci_state_register {
    uint16_t offset;
    uint8_t width; /* 2 or 4 bytes */
    bool checked;  /* must read back as it was written */
    uint32_t value;
};

struct pci_state {
    struct pci_state_register registers[PCI_STATE_MAX]; /* in the order they are written back; command is last */
    size_t count;
    bool ari; /* ARI Capable Hierarchy, which the VFs of all PFs of the device follow */
};

/* Header (BARs, ROM, bus numbers and windows, interrupt line, command), PCI Express, MSI, MSI-X, AER and ACS controls.
 * Not: ATS, PRI, PASID and SR-IOV, which stay as a reset leaves them: off; but for ARI Capable Hierarchy. */
void pci_state_save(const struct pci_function *f, struct pci_state *state);

/* Write it all back, decoders and bus mastering off while BARs change. Bus mastering stays off in devices whatever
 * was saved (pci_bus_master_set opens it again); bridges get theirs back. */
void pci_state_restore(const struct pci_function *f, const struct pci_state *state);

/* Does what decides where the function answers and what it may send read back as restored? BARs, bus numbers and
 * windows, command, MSI and MSI-X control, device control, ACS, ARI Capable Hierarchy. STATUS_HARDWARE: not so; *offset
 * is the first such register. */
MUST_CHECK enum status pci_state_check(const struct pci_function *f, const struct pci_state *state, uint16_t *offset);

#endif
