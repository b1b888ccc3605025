/* SPDX-License-Identifier: GPL-2.0-only
 * Sorted ranges of registers. */
#include "plan/plan_extents.h"

#include "kernel/lib/bits.h"

#define ROM_INDEX PCI_BARS
#define INTERRUPT_START UINT64_C(0xfee00000)
#define INTERRUPT_END UINT64_C(0xfef00000)
#define BUS_BYTES MIB

static bool counts(const struct pci_bar *bar)
{
    return (bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64) && bar->assigned && bar->size != 0;
}

/* What is behind a VMD endpoint is inside its BARs. items NULL only counts. */
static size_t collect(const struct pci_facts *pci, struct plan_extent *items)
{
    size_t count = 0;
    for (uint32_t i = 0; i < pci->count; i++) {
        const struct pci_function *f = &pci->functions[i];
        for (unsigned b = 0; b <= ROM_INDEX; b++) {
            const struct pci_bar *bar = b == ROM_INDEX ? &f->rom : &f->bars[b];
            uint64_t end = 0;
            if (f->is_vmd_child || !counts(bar) || __builtin_add_overflow(bar->address, bar->size, &end)) {
                continue;
            }
            if (items != NULL) {
                items[count] = (struct plan_extent){bar->address, end, 0, i, b == ROM_INDEX};
            }
            count++;
        }
    }
    return count;
}

static bool before(const struct plan_extent *a, const struct plan_extent *b)
{
    if (a->start != b->start) {
        return a->start < b->start;
    }
    if (a->end != b->end) {
        return a->end < b->end;
    }
    return a->function != b->function ? a->function < b->function : a->rom < b->rom;
}

/* Shell sort: no recursion, no extra memory. */
static void sort(struct plan_extent *items, size_t count)
{
    size_t gap = 1;
    while (gap < count / 3) {
        gap = 3 * gap + 1;
    }
    for (; gap > 0; gap /= 3) {
        for (size_t i = gap; i < count; i++) {
            struct plan_extent moving = items[i];
            size_t j = i;
            for (; j >= gap && before(&moving, &items[j - gap]); j -= gap) {
                items[j] = items[j - gap];
            }
            items[j] = moving;
        }
    }
}

enum status plan_extents_make(const struct pci_facts *pci, struct arena *arena, struct plan_extents *out)
{
    size_t count = collect(pci, NULL);
    *out = (struct plan_extents){.items = arena_array(arena, count, sizeof(*out->items)), .count = count};
    if (out->items == NULL) {
        return STATUS_NO_MEMORY;
    }
    collect(pci, out->items);
    sort(out->items, count);
    uint64_t reach = 0;
    for (size_t i = 0; i < count; i++) {
        out->items[i].reach = reach;
        reach = out->items[i].end > reach ? out->items[i].end : reach;
    }
    return STATUS_OK;
}

/* How many extents start below that address. */
static size_t below(const struct plan_extents *extents, uint64_t address)
{
    size_t low = 0;
    size_t high = extents->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (extents->items[middle].start < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint64_t reach_of_first(const struct plan_extents *extents, size_t count)
{
    if (count == 0) {
        return 0;
    }
    const struct plan_extent *last = &extents->items[count - 1];
    return last->reach > last->end ? last->reach : last->end;
}

bool plan_extents_overlap(const struct plan_extents *extents, uint64_t start, uint64_t end)
{
    return reach_of_first(extents, below(extents, end)) > start;
}

bool plan_extents_rom_alone(const struct plan_extents *extents, uint32_t function, const struct pci_bar *rom)
{
    if (!counts(rom)) {
        return false;
    }
    uint64_t end = rom->address + rom->size;
    for (size_t i = below(extents, rom->address); i < extents->count && extents->items[i].start == rom->address; i++) {
        const struct plan_extent *e = &extents->items[i];
        if (e->function == function && e->rom) {
            bool behind = i + 1 < extents->count && extents->items[i + 1].start < end;
            return e->reach <= rom->address && !behind;
        }
    }
    return false;
}

static bool meets(uint64_t start, uint64_t size, uint64_t other, uint64_t other_size)
{
    return start < other + other_size && other < start + size;
}

static const char *table_at(const struct machine *m, uint64_t start, uint64_t size)
{
    for (size_t i = 0; i < m->madt.ioapic_count; i++) {
        if (meets(start, size, m->madt.ioapics[i].base.v, PAGE_SIZE)) {
            return "an I/O APIC";
        }
    }
    for (size_t i = 0; i < m->hpet_count; i++) {
        if (meets(start, size, m->hpets[i].base.v, KIB)) {
            return "an HPET";
        }
    }
    for (size_t i = 0; i < m->mcfg.count; i++) {
        const struct pci_ecam *w = &m->mcfg.windows[i];
        uint64_t first = w->base.v + w->first_bus * BUS_BYTES;
        if (meets(start, size, first, (w->last_bus - w->first_bus + UINT64_C(1)) * BUS_BYTES)) {
            return "PCI configuration space";
        }
    }
    return NULL;
}

const char *plan_extents_platform(const struct machine *m, uint64_t start, uint64_t size)
{
    static const enum memory_kind used[] = {MEMORY_RAM, MEMORY_ACPI, MEMORY_UNUSABLE, MEMORY_LOADER, MEMORY_HYPERVISOR};
    if (meets(start, size, INTERRUPT_START, INTERRUPT_END - INTERRUPT_START) ||
        meets(start, size, align_down(m->madt.lapic_base.v, PAGE_SIZE), PAGE_SIZE)) {
        return "the local APIC";
    }
    for (size_t i = 0; m->has_dmar && i < m->dmar.unit_count; i++) {
        if (meets(start, size, m->dmar.units[i].base.v, m->dmar.units[i].window)) {
            return "a remapping unit";
        }
    }
    for (size_t i = 0; m->memory != NULL && i < ARRAY_LENGTH(used); i++) {
        if (memory_map_overlaps(m->memory, start, size, used[i])) {
            return "memory that is in use";
        }
    }
    return table_at(m, start, size);
}
