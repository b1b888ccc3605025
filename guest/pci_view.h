/* SPDX-License-Identifier: GPL-2.0-only
 * What a guest sees of an assigned function's configuration space, as three bytes a byte: what it reads, which bits it
 * may write, and whether the hardware answers. Built once from a table of capabilities: emulate, read-only, or hide
 * (the default). Nothing that a guest writes here reaches the hardware by itself. */
#ifndef BULKHEAD_GUEST_PCI_VIEW_H
#define BULKHEAD_GUEST_PCI_VIEW_H

#include "drivers/pci.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define PCI_VIEW_SIZE 4096u

struct pci_view {
    uint8_t *value;    /* what the guest reads */
    uint8_t *writable; /* bits of value that a guest write changes */
    uint8_t *hardware; /* 0xff: reads come from the device itself */
    uint16_t msi;      /* offsets of emulated capabilities in this view, 0: none */
    uint16_t msix;
    uint16_t express;
    uint16_t pm;
};

/* Allocate the three pages. */
MUST_CHECK enum status pci_view_init(struct pci_view *view);
void pci_view_free(struct pci_view *view);

/* The view of an assigned function: header, then the capabilities that the table lets through, chained anew. */
void pci_view_of_function(struct pci_view *view, const struct pci_function *host);

/* The view of the emulated host bridge at 00:00.0. */
void pci_view_of_host_bridge(struct pci_view *view);

/* Little-endian access; offset + width <= PCI_VIEW_SIZE, width 1, 2 or 4. at: the hardware behind the view. */
uint32_t pci_view_read(const struct pci_view *view, struct sbdf at, uint16_t offset, unsigned width);
/* Store the bits that are writable; no hardware is touched. */
void pci_view_write(struct pci_view *view, uint16_t offset, unsigned width, uint32_t value);

/* Direct access to the kept value, for the emulation. */
uint32_t pci_view_get(const struct pci_view *view, uint16_t offset, unsigned width);
void pci_view_set(struct pci_view *view, uint16_t offset, unsigned width, uint32_t value);

#endif
