/* SPDX-License-Identifier: GPL-2.0-only
 * PCI configuration space of the physical machine: ECAM where MCFG names it, else the legacy ports (segment 0 and
 * the first 256 bytes only), and behind VMD endpoints their CFGBARs; guarded by one lock. offset must be aligned to the
 * width; a function that is not there, or an offset that cannot be reached, reads all ones, and writes to it vanish. */
#ifndef BULKHEAD_HW_PCI_CONFIG_H
#define BULKHEAD_HW_PCI_CONFIG_H

#include "kernel/lib/sbdf.h"
#include "kernel/lib/types.h"

/* One ECAM window: base is where bus 0 of the segment would be (PCI Firmware 3.3 4.1.2). */
struct pci_ecam {
    struct hpa base;
    uint16_t segment;
    uint8_t first_bus;
    uint8_t last_bus;
};

/* Use these windows from now on; the array must live on. Windows must have been mapped by mmio_map(). */
void pci_config_use_ecam(const struct pci_ecam *windows, size_t count);

/* Further windows, of the segments behind VMD endpoints. A write through one is posted, so that it is read back before
 * the call returns; accesses are serialised as all are (two at a time may hang some CPUs there). */
void pci_config_use_vmd(const struct pci_ecam *windows, size_t count);

uint8_t pci_config_read8(struct sbdf at, uint16_t offset);
uint16_t pci_config_read16(struct sbdf at, uint16_t offset);
uint32_t pci_config_read32(struct sbdf at, uint16_t offset);
void pci_config_write8(struct sbdf at, uint16_t offset, uint8_t value);
void pci_config_write16(struct sbdf at, uint16_t offset, uint16_t value);
void pci_config_write32(struct sbdf at, uint16_t offset, uint32_t value);

/* A write of 1, 2 or 4 bytes behind a VMD endpoint that begins a reset of the function, which must be left alone then:
 * what is read back is the vendor of `other`, a place behind the same endpoint that answers, or is empty. */
void pci_config_write_reset(struct sbdf at, uint16_t offset, unsigned width, uint32_t value, struct sbdf other);

/* From now on the lock is not taken any more. Only for a panic, after every other CPU was stopped: one of them, or
 * this one, may hold it for ever. */
void pci_config_break_lock(void);

#endif
