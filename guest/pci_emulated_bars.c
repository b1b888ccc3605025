/* SPDX-License-Identifier: GPL-2.0-only
 * Where the BARs of emulated functions are (PCI 3.0 6.2.5). */
#include "guest/pci_emulated_parts.h"

#include "kernel/core/panic.h"
#include "kernel/lib/bits.h"

#define PLACES_TRIED_MAX 65536u

/* Nothing of a BAR is mapped anywhere: only its range on the bus comes and goes, so nobody's translations change and
 * no unit is asked. */
void pci_emulated_bars_apply(struct pci_emulated *f)
{
    bool decode = f->placed && (pci_emulated_command(f) & PCI_COMMAND_MEMORY) != 0;
    bool shrank = false;
    for (unsigned i = 0; i < PCI_EMULATED_BARS; i++) {
        bool was = f->bars[i].mapped;
        enum status status = guest_bar_leave(&f->bars[i], &f->space, decode, &shrank);
        bulkhead_assert(status == STATUS_OK);
        f->left = f->left || (was && !f->bars[i].mapped);
    }
    f->lost = false;
    for (unsigned i = 0; i < PCI_EMULATED_BARS; i++) {
        enum status status = guest_bar_enter(&f->bars[i], &f->space, decode, &shrank);
        f->lost = f->lost || status != STATUS_OK;
    }
}

void pci_emulated_retry(struct pci_emulated *f)
{
    pci_emulated_bars_apply(f);
}

bool pci_emulated_bars_written(struct pci_emulated *f, uint16_t offset, unsigned width)
{
    bool any = false;
    for (unsigned k = 0; k < 2 * PCI_EMULATED_BARS; k++) {
        uint16_t at = pci_emulated_bar_register(k / 2, k % 2 != 0);
        if (pci_emulated_overlaps(offset, width, at, 4)) {
            guest_bar_write(&f->bars[k / 2], k % 2 != 0, pci_view_get(&f->view, at, 4));
            any = true;
        }
    }
    return any;
}

struct search {
    const struct guest_bar_space *space;
    bool (*taken)(const void *context, uint64_t start, uint64_t end);
    const void *context;
};

static bool is_free(const struct guest_bar *bar, const struct search *s)
{
    uint64_t end = bar->address + bar->size;
    uint64_t page = align_down(bar->address, PAGE_SIZE);
    return guest_bar_fits(bar, s->space->windows) && !s->taken(s->context, bar->address, end) &&
           bus_is_free(s->space->mmio, bar->address, bar->size) &&
           !radix_any_mapped(s->space->nested, page, align_up(end, PAGE_SIZE) - page);
}

/* Assigned functions' BARs grow from the start of a window: these come from its end. */
static bool place_below(struct guest_bar *bar, uint64_t start, uint64_t end, const struct search *s)
{
    uint64_t at = align_down(end, bar->size);
    for (unsigned tries = 0; tries < PLACES_TRIED_MAX && at >= bar->size && at - bar->size >= start; tries++) {
        at -= bar->size;
        bar->address = at;
        if (is_free(bar, s)) {
            return true;
        }
    }
    return false;
}

enum status pci_emulated_show(struct pci_emulated *f, const struct guest_bar_space *space,
                              bool (*taken)(const void *context, uint64_t start, uint64_t end), const void *context)
{
    const struct guest_bar_windows *w = space->windows;
    const struct search search = {space, taken, context};
    f->space = *space;
    for (unsigned i = 0; i < PCI_EMULATED_BARS; i++) {
        struct guest_bar *bar = &f->bars[i];
        if (bar->kind == PCI_BAR_NONE) {
            continue;
        }
        if (!place_below(bar, w->low_start, w->low_end, &search) &&
            !place_below(bar, w->high_start, w->high_end, &search)) {
            return STATUS_NO_MEMORY;
        }
        f->first_address[i] = bar->address;
        bool shrank = false;
        enum status status = guest_bar_enter(bar, space, true, &shrank);
        if (status != STATUS_OK) {
            return status;
        }
    }
    f->placed = true;
    return STATUS_OK;
}

void pci_emulated_hide(struct pci_emulated *f)
{
    f->placed = false;
    pci_emulated_bars_apply(f);
}
