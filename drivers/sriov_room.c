/* SPDX-License-Identifier: GPL-2.0-only
 * Looking for free addresses below a bridge. */
#include "drivers/sriov_room.h"

#include "drivers/pci_regs.h"
#include "drivers/sriov_diag.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"

#define FOUR_GIB (4 * GIB)
#define WINDOW_64 1

static const struct pci_bar no_bar;

static struct sriov_window window_of(uint32_t registers, uint32_t base_high, uint32_t limit_high)
{
    uint64_t start = (uint64_t)base_high << 32 | (registers & 0xfff0) << 16;
    uint64_t last = (uint64_t)limit_high << 32 | (registers & 0xfff00000) | 0xfffff;
    bool open = start <= last && start != 0 && last != UINT64_MAX;
    return open ? (struct sriov_window){start, last + 1} : (struct sriov_window){0, 0};
}

bool sriov_room_windows(const struct sriov_view *view, const struct pci_function *bridge, struct sriov_window *memory,
                        struct sriov_window *prefetchable)
{
    struct pci_reader reader;
    *memory = *prefetchable = (struct sriov_window){0, 0};
    if (bridge->header != 1 || !view->open(view->context, &bridge->at, &reader) ||
        pci_reader_u16(&reader, PCI_VENDOR) == UINT16_MAX) {
        return false;
    }
    uint32_t low = pci_reader_u32(&reader, PCI_BRIDGE_PREFETCH);
    bool wide = bits_get(low, 3, 0) == WINDOW_64;
    *memory = window_of(pci_reader_u32(&reader, PCI_BRIDGE_MEMORY), 0, 0);
    *prefetchable = window_of(low, wide ? pci_reader_u32(&reader, PCI_BRIDGE_PREFETCH_BASE) : 0,
                              wide ? pci_reader_u32(&reader, PCI_BRIDGE_PREFETCH_LIMIT) : 0);
    return true;
}

static bool holds(const struct sriov_window *w, uint64_t start, uint64_t size)
{
    return start >= w->start && start < w->end && size <= w->end - start;
}

/* Where the overlap with start..start+size-1 ends, or 0. */
static uint64_t clash(uint64_t start, uint64_t size, uint64_t other, uint64_t other_size)
{
    return other_size != 0 && start < other + other_size && other < start + size ? other + other_size : 0;
}

static bool is_memory(const struct pci_bar *bar)
{
    return bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64;
}

static bool is_above(const struct pci_facts *pci, const struct pci_function *bridge, const struct pci_function *f)
{
    for (f = pci_parent(pci, f); f != NULL; f = pci_parent(pci, f)) {
        if (f == bridge) {
            return true;
        }
    }
    return false;
}

/* Do all bridges above let it through? Without any, it is the chipset's to say: only firmware knows. */
static bool is_forwarded(const struct sriov_place *place, const struct pci_function *f, uint64_t start, uint64_t size)
{
    for (f = pci_parent(place->pci, f); f != NULL; f = pci_parent(place->pci, f)) {
        struct sriov_window memory, prefetchable;
        if (!sriov_room_windows(place->view, f, &memory, &prefetchable) ||
            (!holds(&memory, start, size) && !holds(&prefetchable, start, size))) {
            return false;
        }
    }
    return true;
}

static uint64_t clash_with_function(const struct sriov_place *place, const struct sriov *s,
                                    const struct pci_function *other, uint64_t start, uint64_t size)
{
    for (unsigned b = 0; b < PCI_BARS; b++) {
        const struct pci_bar *bar = &other->bars[b];
        uint64_t end = is_memory(bar) && bar->assigned ? clash(start, size, bar->address, bar->size) : 0;
        if (end != 0) {
            return end;
        }
    }
    uint64_t end = other->rom.assigned ? clash(start, size, other->rom.address, other->rom.size) : 0;
    struct sriov_window memory, prefetchable;
    if (end != 0 || !other->bridge || is_above(place->pci, other, &place->pci->functions[s->pf]) ||
        !sriov_room_windows(place->view, other, &memory, &prefetchable)) {
        return end;
    }
    end = clash(start, size, memory.start, memory.end - memory.start);
    return end != 0 ? end : clash(start, size, prefetchable.start, prefetchable.end - prefetchable.start);
}

static uint64_t clash_with_vfs(const struct sriov *other, uint64_t start, uint64_t size)
{
    for (unsigned b = 0; b < PCI_BARS; b++) {
        const struct pci_bar *bar = &other->bars[b];
        uint64_t end = is_memory(bar) && bar->assigned ? clash(start, size, bar->address, bar->size * other->total) : 0;
        if (end != 0) {
            return end;
        }
    }
    return 0;
}

/* Where the first thing found in the way ends; 0: the place is free. Of s, BARs that are assigned have theirs. */
static uint64_t find_clash(const struct sriov_place *place, const struct sriov *s, uint64_t start, uint64_t size)
{
    uint64_t end = place->taken != NULL ? place->taken(place->context, start, size) : 0;
    for (size_t i = 0; end == 0 && i < place->pci->count; i++) {
        end = clash_with_function(place, s, &place->pci->functions[i], start, size);
    }
    for (size_t i = 0; end == 0 && i < place->others->count; i++) {
        end = clash_with_vfs(&place->others->pfs[i], start, size);
    }
    return end != 0 ? end : clash_with_vfs(s, start, size);
}

static uint64_t align_up_or_end(uint64_t v, uint64_t align)
{
    return v > UINT64_MAX - (align - 1) ? UINT64_MAX : align_up(v, align);
}

/* The lowest free place in a window, or 0. Every step leaves one obstacle behind for good. */
static uint64_t search(const struct sriov_place *place, const struct sriov *s, const struct sriov_window *window,
                       const struct pci_bar *bar)
{
    uint64_t size = bar->size * s->total;
    uint64_t end = bar->kind == PCI_BAR_MEM32 && window->end > FOUR_GIB ? FOUR_GIB : window->end;
    const struct sriov_window usable = {window->start, end};
    uint64_t at = align_up_or_end(window->start, bar->size);
    while (holds(&usable, at, size)) {
        uint64_t blocked = find_clash(place, s, at, size);
        if (blocked == 0) {
            return is_forwarded(place, &place->pci->functions[s->pf], at, size) ? at : 0;
        }
        at = align_up_or_end(blocked, bar->size);
    }
    return 0;
}

/* What firmware put there, when all of it holds. */
static bool is_sound(const struct sriov_place *place, const struct sriov *s, const struct pci_bar *bar)
{
    uint64_t end = 0;
    uint64_t limit = bar->kind == PCI_BAR_MEM32 ? FOUR_GIB : UINT64_MAX;
    uint64_t size = bar->size * s->total;
    return bar->address >= MIB && is_aligned(bar->address, bar->size) &&
           !__builtin_add_overflow(bar->address, size, &end) && end <= limit &&
           is_forwarded(place, &place->pci->functions[s->pf], bar->address, size) &&
           find_clash(place, s, bar->address, size) == 0;
}

static enum status refuse(const struct sriov_place *place, const struct sriov *s, unsigned index,
                          struct diag_list *diag)
{
    const struct pci_bar *bar = &s->bars[index];
    const struct pci_function *bridge = pci_parent(place->pci, &place->pci->functions[s->pf]);
    char where[SBDF_TEXT_SIZE], above[SBDF_TEXT_SIZE], fix[DIAG_TEXT_SIZE];
    uint64_t mib = align_up(bar->size * s->total, MIB) / MIB;
    format_text(fix, sizeof(fix),
                "turn on \"SR-IOV support\"%s in the firmware's setup, which makes room (QEMU: %s=%lluM of the "
                "pcie-root-port), or remove vfs",
                bar->kind == PCI_BAR_MEM64 ? " and \"Above 4G decoding\"" : "",
                !bar->prefetchable           ? "mem-reserve"
                : bar->kind == PCI_BAR_MEM64 ? "pref64-reserve"
                                             : "pref32-reserve",
                (unsigned long long)mib * 2);
    diag_add(diag, SRIOV_DIAG_NO_ROOM, DIAG_ERROR, sbdf_text(s->at, where), fix,
             "VF BAR %u needs 0x%llx bytes (%u VFs), and %s%s has no free %saddresses for that", index,
             (unsigned long long)(bar->size * s->total), s->total, bridge != NULL ? "bridge " : "",
             bridge != NULL ? sbdf_text(bridge->at, above) : "firmware gave it none: its bus",
             bar->kind == PCI_BAR_MEM32 ? "32-bit " : "");
    return STATUS_UNSUPPORTED;
}

/* A BAR that may be prefetched goes where bridges prefetch, others only where they must not. */
static uint64_t find_place(const struct sriov_place *place, const struct sriov *s, const struct pci_bar *bar)
{
    const struct pci_function *bridge = pci_parent(place->pci, &place->pci->functions[s->pf]);
    struct sriov_window memory, prefetchable;
    if (bridge == NULL || !sriov_room_windows(place->view, bridge, &memory, &prefetchable)) {
        return 0;
    }
    uint64_t at = bar->prefetchable ? search(place, s, &prefetchable, bar) : 0;
    return at != 0 ? at : search(place, s, &memory, bar);
}

/* The largest one that has no place yet, or PCI_BARS. */
static unsigned next_bar(const struct sriov *s)
{
    unsigned best = PCI_BARS;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &s->bars[i];
        const struct pci_bar *found = best < PCI_BARS ? &s->bars[best] : &no_bar;
        if (is_memory(bar) && !bar->assigned && bar->size > found->size) {
            best = i;
        }
    }
    return best;
}

enum status sriov_room_find(const struct sriov_place *place, struct sriov *s, struct diag_list *diag)
{
    for (unsigned i = 0; i < PCI_BARS; i++) {
        s->bars[i].assigned = false;
    }
    for (unsigned i = 0; i < PCI_BARS; i++) {
        s->bars[i].assigned = is_memory(&s->bars[i]) && is_sound(place, s, &s->bars[i]);
    }
    for (unsigned i = next_bar(s); i < PCI_BARS; i = next_bar(s)) {
        uint64_t at = find_place(place, s, &s->bars[i]);
        if (at == 0) {
            return refuse(place, s, i, diag);
        }
        s->bars[i].address = at;
        s->bars[i].assigned = true;
    }
    return STATUS_OK;
}
