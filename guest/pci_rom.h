/* SPDX-License-Identifier: GPL-2.0-only
 * The option ROM of an assigned function as its guest sees it: a copy (PCI 3.0 6.2.5.2). The device's own ROM decoder
 * is on while the copy is made, before the guest has the device, and never again: some devices have one decoder for
 * ROM and BARs, and a guest that moved the ROM would take its BARs away. The copy is in no page table: the guest's
 * reads exit. Nothing in it is ever executed. */
#ifndef BULKHEAD_GUEST_PCI_ROM_H
#define BULKHEAD_GUEST_PCI_ROM_H

#include "drivers/pci.h"
#include "guest/pci_bar.h"
#include "kernel/lib/status.h"

struct guest_rom {
    struct hpa copy; /* pages of the hypervisor's */
    uint64_t bytes;  /* 0: there is none, and the register reads 0 */
    bool enabled;    /* the register's bit 0 */
};

/* Read the ROM and set up its BAR (address 0, off). The function is quiet and belongs to nobody. Without a ROM, or when
 * it cannot be read (firmware did not place it, another function has its addresses, nothing answers there: the log says
 * so): STATUS_OK, and bytes stays 0. STATUS_NO_MEMORY. */
MUST_CHECK enum status guest_rom_make(struct guest_rom *rom, struct guest_bar *bar, const struct pci_facts *facts,
                                      const struct pci_function *host);
void guest_rom_free(struct guest_rom *rom);

/* Bytes of the copy, little-endian; all ones where it ends. */
uint64_t guest_rom_read(const struct guest_rom *rom, uint64_t offset, unsigned width);

/* The register at PCI_ROM. */
uint32_t guest_rom_register(const struct guest_rom *rom, const struct guest_bar *bar);
void guest_rom_write(struct guest_rom *rom, struct guest_bar *bar, uint32_t value);

#endif
