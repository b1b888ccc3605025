/* SPDX-License-Identifier: GPL-2.0-only
 * The BARs and the ROM of one function on a guest's bus: their registers, and what answers where they are. */
#ifndef BULKHEAD_GUEST_PCI_FUNCTION_BARS_H
#define BULKHEAD_GUEST_PCI_FUNCTION_BARS_H

#include "guest/pci_function.h"

/* BARs of f->host, placed from *next_low and *next_high on. STATUS_UNSUPPORTED, STATUS_NO_MEMORY. */
MUST_CHECK enum status pci_function_bars_make(struct guest_pci_function *f, uint64_t *next_low, uint64_t *next_high);

/* As registers and memory decode say; guest_pci_function_map() is this. */
MUST_CHECK enum status pci_function_bars_apply(struct guest_pci_function *f);
/* The same because the guest changed something: what fails is logged, once. */
void pci_function_bars_changed(struct guest_pci_function *f);

/* Addresses after the guest's reset; nothing is moved yet. */
void pci_function_bars_reset(struct guest_pci_function *f);

/* Is the register at offset a BAR or the ROM's? */
bool pci_function_bars_has(uint16_t offset);
/* Such a register; offset aligned to the width. */
uint32_t pci_function_bars_read(struct guest_pci_function *f, uint16_t offset);
void pci_function_bars_write(struct guest_pci_function *f, uint16_t offset, unsigned width, uint32_t value);

#endif
