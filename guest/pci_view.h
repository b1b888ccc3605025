/* SPDX-License-Identifier: GPL-2.0-only
 * What a guest sees of an assigned function's configuration space, as two bytes a byte: what it reads, and which bits
 * it may write. Built once by the tables of guest/pci_rules.h. Nothing that a guest reads or writes here reaches the
 * hardware by itself. */
#ifndef BULKHEAD_GUEST_PCI_VIEW_H
#define BULKHEAD_GUEST_PCI_VIEW_H

#include "drivers/pci.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define PCI_VIEW_SIZE 4096u

struct pci_view {
    uint8_t *value;    /* what the guest reads */
    uint8_t *writable; /* bits of value that a guest write changes */
    uint16_t msi;      /* offsets of emulated capabilities in this view, 0: none */
    uint16_t msix;
    uint16_t express;
    uint16_t pm;
    uint8_t payload; /* highest maximum payload size that the guest may set: encoded as in device control */
};

/* Allocate the two pages. */
MUST_CHECK enum status pci_view_init(struct pci_view *view);
void pci_view_free(struct pci_view *view);

/* The view of an assigned function: header, then the capabilities that the tables let through, chained anew. Reads the
 * device's configuration space. */
void pci_view_of_function(struct pci_view *view, const struct pci_function *host);

/* The view of the emulated host bridge at 00:00.0. */
void pci_view_of_host_bridge(struct pci_view *view);

/* A guest's write, little-endian: stores the bits that are writable, payload and read request sizes within their
 * limits. offset + width <= PCI_VIEW_SIZE, width 1, 2 or 4. */
void pci_view_write(struct pci_view *view, uint16_t offset, unsigned width, uint32_t value);

/* The kept value, as the guest reads it; and direct access to it, for the emulation. */
uint32_t pci_view_get(const struct pci_view *view, uint16_t offset, unsigned width);
void pci_view_set(struct pci_view *view, uint16_t offset, unsigned width, uint32_t value);

#endif
