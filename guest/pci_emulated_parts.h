/* SPDX-License-Identifier: GPL-2.0-only
 * What the files of emulated functions share. */
#ifndef BULKHEAD_GUEST_PCI_EMULATED_PARTS_H
#define BULKHEAD_GUEST_PCI_EMULATED_PARTS_H

#include "drivers/pci_regs.h"
#include "guest/pci_emulated.h"

static inline bool pci_emulated_overlaps(uint16_t offset, unsigned width, uint16_t start, unsigned bytes)
{
    return offset < start + bytes && offset + width > start;
}

static inline uint32_t pci_emulated_command(const struct pci_emulated *f)
{
    return pci_view_get(&f->view, PCI_COMMAND, 2);
}

/* Bits of config space that the guest may write. */
void pci_emulated_allow(struct pci_emulated *f, uint16_t offset, unsigned width, uint32_t bits);

/* 64-bit, of that many bytes (0: none), nowhere yet; the functions answer accesses to it. */
struct guest_bar pci_emulated_bar(uint64_t bytes, bus_read_function *read, bus_write_function *write, void *context);

/* --- BARs (guest/pci_emulated_bars.c) */

/* Registers of BAR i are dwords 2i and 2i + 1. */
static inline uint16_t pci_emulated_bar_register(unsigned i, bool upper)
{
    return (uint16_t)(PCI_BAR0 + 8 * i + 4 * upper);
}

/* Bytes of the view were written: take over those of BARs. False: there was none. */
bool pci_emulated_bars_written(struct pci_emulated *f, uint16_t offset, unsigned width);
/* Let the BARs be where registers and decode bit say. */
void pci_emulated_bars_apply(struct pci_emulated *f);

/* --- MSI-X (guest/pci_emulated_msix.c); nothing happens for a function without */

/* Its capability, and BAR 2. */
void pci_emulated_msix_make(struct pci_emulated *f);
/* Off, and all entries as after power-on. */
void pci_emulated_msix_reset(struct pci_emulated *f);
/* Bytes of the view were written. */
void pci_emulated_msix_written(struct pci_emulated *f, uint16_t offset, unsigned width);

#endif
