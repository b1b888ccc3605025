/* SPDX-License-Identifier: GPL-2.0-only
 * Finding every PCI function (PCI 3.0 6.1, PCI Firmware 3.3 4.1.2). */
#include "drivers/pci.h"

#include "drivers/pci_caps.h"
#include "kernel/core/panic.h"

/* What the legacy ports reach. */
static const struct pci_ecam legacy_window = {.segment = 0, .first_bus = 0, .last_bus = 255};

#define NO_BUS UINT32_MAX

/* The smallest segment << 8 | bus at or after `from` that a window holds. Windows may come in any order and overlap;
 * asked this way every bus is seen once, in order. */
static uint32_t next_bus(const struct pci_facts *facts, uint32_t from)
{
    uint32_t best = NO_BUS;
    for (size_t i = 0; i < facts->window_count; i++) {
        const struct pci_ecam *w = &facts->windows[i];
        uint32_t first = (uint32_t)w->segment << 8 | w->first_bus;
        uint32_t last = (uint32_t)w->segment << 8 | w->last_bus;
        uint32_t candidate = from > first ? from : first;
        if (candidate <= last && candidate < best) {
            best = candidate;
        }
    }
    return best;
}

static enum status add_function(struct arena *arena, struct pci_facts *facts, struct sbdf at, struct diag_list *diag,
                                bool *found)
{
    struct pci_reader reader = pci_reader_live(&at);
    struct pci_function f;
    *found = pci_function_read(&reader, at, &f, diag) == STATUS_OK;
    if (!*found) {
        return STATUS_OK;
    }
    struct pci_function *slot = arena_array(arena, 1, sizeof(f));
    if (slot == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (facts->count == 0) {
        facts->functions = slot;
    }
    bulkhead_assert(slot == facts->functions + facts->count);
    *slot = f;
    facts->count++;
    return STATUS_OK;
}

static enum status scan_device(struct arena *arena, struct pci_facts *facts, uint32_t bus, unsigned device,
                               struct diag_list *diag)
{
    unsigned functions = 1;
    for (unsigned i = 0; i < functions; i++) {
        bool found = false;
        enum status status = add_function(arena, facts, sbdf_make(bus >> 8, bus & 0xff, device, i), diag, &found);
        if (status != STATUS_OK) {
            return status;
        }
        struct pci_function *last = found ? &facts->functions[facts->count - 1] : NULL;
        if (i == 0 && found && last->multifunction) {
            functions = 8;
        }
        if (i > 0 && found) {
            last->multifunction = true;
        }
    }
    return STATUS_OK;
}

enum status pci_enumerate_bus(uint32_t bus, struct arena *arena, struct pci_facts *facts, struct diag_list *diag)
{
    for (unsigned device = 0; device < 32; device++) {
        enum status status = scan_device(arena, facts, bus, device, diag);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status pci_enumerate(const struct pci_ecam *windows, size_t count, struct arena *arena, struct pci_facts *facts,
                          struct diag_list *diag)
{
    *facts =
        (struct pci_facts){.windows = count != 0 ? windows : &legacy_window, .window_count = count != 0 ? count : 1};
    for (uint32_t bus = next_bus(facts, 0); bus != NO_BUS; bus = next_bus(facts, bus + 1)) {
        enum status status = pci_enumerate_bus(bus, arena, facts, diag);
        if (status != STATUS_OK) {
            return status;
        }
    }
    pci_tree_link(facts, diag);
    return STATUS_OK;
}

uint32_t pci_find_index(const struct pci_facts *facts, struct sbdf at)
{
    size_t low = 0;
    size_t high = facts->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (facts->functions[middle].at.v < at.v) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < facts->count && sbdf_equal(facts->functions[low].at, at) ? (uint32_t)low : PCI_NO_INDEX;
}

struct pci_function *pci_find(const struct pci_facts *facts, struct sbdf at)
{
    uint32_t index = pci_find_index(facts, at);
    return index == PCI_NO_INDEX ? NULL : &facts->functions[index];
}

struct pci_function *pci_parent(const struct pci_facts *facts, const struct pci_function *f)
{
    return f->parent == PCI_NO_INDEX ? NULL : &facts->functions[f->parent];
}
