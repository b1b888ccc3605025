/* SPDX-License-Identifier: GPL-2.0-only
 * Base address registers: what they hold, how large they are, and whether they clash (PCI 3.0 6.2.5). */
#ifndef BULKHEAD_DRIVERS_PCI_BARS_H
#define BULKHEAD_DRIVERS_PCI_BARS_H

#include "drivers/pci.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/memory_map.h"

struct pci_reader;

/* Kind and address of each BAR and the ROM from their present values; sizes stay 0. A register that reads 0 is
 * PCI_BAR_NONE until it is sized. Changes nothing. */
void pci_bars_read(const struct pci_reader *reader, struct pci_function *f, struct diag_list *diag);

/* Number of BARs that a header type has. */
unsigned pci_bars_of_header(uint8_t header);

/* What a BAR is, from its value and from what reads back after all ones were written, each high half 31:0 above a low
 * half (high halves 0 unless the BAR is 64 bits wide). Pure. STATUS_BAD_FORMAT, and PCI_BAR_NONE, for a reserved type
 * or a size that is no power of two. */
MUST_CHECK enum status pci_bar_decode(uint64_t value, uint64_t mask, struct pci_bar *out);

/* Size all BARs and ROMs by writing ones, with the function's decoders off for those microseconds; everything is
 * restored. Host bridges are left alone, and bridges whose BARs read 0. Call before any other CPU or driver uses the
 * devices, with interrupts off. */
void pci_bars_size(struct pci_facts *facts, struct diag_list *diag);
void pci_bars_size_function(struct pci_function *f, struct diag_list *diag);

/* The same from sizes found elsewhere (a dump): bytes of each BAR, by the register it starts at, and of the ROM last;
 * 0 where there is none. reader as for pci_function_read, which filled f. Changes no register. */
void pci_bars_take_sizes(struct pci_function *f, const struct pci_reader *reader, const uint64_t sizes[PCI_BARS + 1],
                         struct diag_list *diag);

/* Physical addresses that no device may claim: LAPIC, I/O APIC, HPET, ECAM, remapping units. */
struct pci_platform_range {
    uint64_t start; /* host-physical */
    uint64_t end;   /* exclusive */
    const char *name;
};

/* Find BARs that overlap memory (every kind but reserved: firmware lists real BARs there), platform ranges or each
 * other, and mark their functions PCI_BLOCKED_BARS. An error when the function decodes now, a warning when its decoder
 * is off; a system peripheral (class 08) on a platform range is the platform's own, and only a note. What is behind a
 * VMD endpoint is left out: drivers/vmd.h looks after it.
 * Pure but for the marks; scratch is given back. STATUS_NO_MEMORY when scratch is too small. */
MUST_CHECK enum status pci_bars_check(struct pci_facts *facts, const struct memory_map *memory,
                                      const struct pci_platform_range *ranges, size_t range_count,
                                      const struct arena *scratch, struct diag_list *diag);

/* Switch memory and I/O decode off in every function marked PCI_BLOCKED_BARS, the platform's own and bridges apart:
 * their decoders serve others. */
void pci_bars_close_blocked(const struct pci_facts *facts);

#endif
