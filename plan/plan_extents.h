/* SPDX-License-Identifier: GPL-2.0-only
 * Where the registers of all functions lie in physical memory, sorted: who shares a page or a range with whom. */
#ifndef BULKHEAD_PLAN_PLAN_EXTENTS_H
#define BULKHEAD_PLAN_PLAN_EXTENTS_H

#include "kernel/lib/arena.h"
#include "kernel/lib/status.h"
#include "plan/machine.h"

struct plan_extent {
    uint64_t start, end; /* of a BAR or ROM with an address; end exclusive */
    uint64_t reach;      /* the highest end of all extents before this one; 0 for the first */
    uint32_t function;
    bool rom;
};

/* Sorted by start, then end, then function. */
struct plan_extents {
    struct plan_extent *items;
    size_t count;
};

/* Memory BARs and ROMs of every function, bridges too. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status plan_extents_make(const struct pci_facts *pci, struct arena *arena, struct plan_extents *out);

/* True when any extent of those shares a byte with start..end (exclusive). */
bool plan_extents_overlap(const struct plan_extents *extents, uint64_t start, uint64_t end);

/* True when nothing of any other BAR or ROM lies where that function's ROM does: its guest gets a copy of it, so that
 * pages do not matter. False without such a ROM. */
bool plan_extents_rom_alone(const struct plan_extents *extents, uint32_t function, const struct pci_bar *rom);

/* What other than RAM for guests and PCI functions lies in start..start+size: "the local APIC", "an I/O APIC", "an
 * HPET", "PCI configuration space", "a remapping unit", "memory that is in use"; NULL: nothing known. */
const char *plan_extents_platform(const struct machine *m, uint64_t start, uint64_t size);

#endif
