/* SPDX-License-Identifier: GPL-2.0-only
 * Where a guest first sees its devices' BARs. */
#include "plan/plan_bars.h"

#include "kernel/lib/bits.h"
#include "plan/plan_reserved.h"
#include "plan/plan_vmd.h"

#define ROM_INDEX PCI_BARS
#define FOUR_GIB (4 * GIB)

/* A BAR or ROM that wants a place. */
struct block {
    uint32_t claim;
    uint8_t bar; /* ROM_INDEX: the ROM */
    bool wide;   /* may be above 4 GiB */
    bool left_over;
    uint64_t size;  /* of whole pages */
    uint64_t avoid; /* the one address that it must not have; 0: none */
};

struct gap {
    uint64_t start, end;
};

/* What is free of one guest's windows. */
struct room {
    struct gap *gaps;
    size_t count;
};

static const struct pci_bar *bar_of(const struct plan_work *w, const struct plan_claim *c, unsigned bar)
{
    const struct pci_function *f = &w->pci->functions[c->function];
    return bar == ROM_INDEX ? &f->rom : &f->bars[bar];
}

static bool is_shown(const struct plan_work *w, const struct plan_claim *c, unsigned index)
{
    const struct pci_bar *bar = bar_of(w, c, index);
    bool memory = bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64;
    return memory && bar->size != 0 && bar->assigned && (index != ROM_INDEX || c->rom);
}

/* All blocks, guest by guest as claims are; out NULL only counts. */
static size_t collect(const struct plan_work *w, uint32_t guest, struct block *out)
{
    size_t count = 0;
    for (uint32_t i = 0; i < w->claim_count; i++) {
        const struct plan_claim *c = &w->claims[i];
        if (c->gone || c->guest != guest) {
            continue;
        }
        for (uint8_t b = 0; b <= ROM_INDEX; b++) {
            const struct pci_bar *bar = bar_of(w, c, b);
            if (!is_shown(w, c, b)) {
                continue;
            }
            if (out != NULL) {
                out[count] = (struct block){i,
                                            b,
                                            bar->kind == PCI_BAR_MEM64,
                                            c->left_over,
                                            bar->size < PAGE_SIZE ? PAGE_SIZE : bar->size,
                                            plan_vmd_avoid(&w->pci->functions[c->function], b)};
            }
            count++;
        }
    }
    return count;
}

/* By what is asked for, never by the order of words: left over last, then 32-bit ones, then larger ones, then address.
 */
static bool before(const struct plan_work *w, const struct block *a, const struct block *b)
{
    if (a->left_over != b->left_over) {
        return b->left_over;
    }
    if (a->wide != b->wide) {
        return b->wide;
    }
    if (a->size != b->size) {
        return a->size > b->size;
    }
    uint32_t first = w->claims[a->claim].function, second = w->claims[b->claim].function;
    return first != second ? first < second : a->bar < b->bar;
}

static void sort(const struct plan_work *w, struct block *items, size_t count)
{
    size_t gap = 1;
    while (gap < count / 3) {
        gap = 3 * gap + 1;
    }
    for (; gap > 0; gap /= 3) {
        for (size_t i = gap; i < count; i++) {
            struct block moving = items[i];
            size_t j = i;
            for (; j >= gap && before(w, &moving, &items[j - gap]); j -= gap) {
                items[j] = items[j - gap];
            }
            items[j] = moving;
        }
    }
}

static void add_gap(struct room *room, uint64_t start, uint64_t end)
{
    if (start < end) {
        room->gaps[room->count++] = (struct gap){start, end};
    }
}

/* Take start..end out of every gap. */
static void cut(struct room *room, uint64_t start, uint64_t end)
{
    size_t count = room->count;
    for (size_t i = 0; i < count; i++) {
        struct gap g = room->gaps[i];
        if (start >= g.end || g.start >= end) {
            continue;
        }
        room->gaps[i].end = start > g.start ? start : g.start;
        add_gap(room, end, g.end);
    }
}

static uint64_t align_up_or_end(uint64_t v, uint64_t align)
{
    return v > UINT64_MAX - (align - 1) ? UINT64_MAX : align_up(v, align);
}

/* Aligned to its size, at the lowest place that there is; 0: none. What is left before it stays free. */
static uint64_t take(struct room *room, const struct block *b)
{
    struct gap *best = NULL;
    uint64_t best_at = 0;
    for (size_t i = 0; i < room->count; i++) {
        struct gap *g = &room->gaps[i];
        uint64_t at = align_up_or_end(g->start, b->size);
        at = b->avoid != 0 && at == b->avoid ? align_up_or_end(at + 1, b->size) : at;
        bool fits = at < g->end && b->size <= g->end - at && (b->wide || at < FOUR_GIB);
        if (fits && (best == NULL || at < best_at)) {
            best = g;
            best_at = at;
        }
    }
    if (best != NULL) {
        uint64_t start = best->start;
        best->start = best_at + b->size;
        add_gap(room, start, best_at);
    }
    return best_at;
}

/* The windows without the regions that the guest's devices have one to one. */
static void open_windows(const struct plan_work *w, uint32_t guest, struct room *room)
{
    const struct plan_limits *limits = &w->facts->limits;
    uint64_t memory = w->config->guests[guest].memory.number;
    uint64_t top = memory > limits->low_ram_end ? FOUR_GIB + (memory - limits->low_ram_end) : FOUR_GIB;
    uint64_t high = align_up(top, GIB);
    room->count = 0;
    add_gap(room, limits->bar_low_start, limits->bar_low_start + limits->bar_low_bytes);
    add_gap(room, high, high + limits->bar_high_bytes);
    for (size_t r = 0; w->m->has_dmar && r < w->m->dmar.rmrr_count; r++) {
        if (w->reserved->regions[r].guest == guest) {
            const struct dmar_rmrr *rmrr = &w->m->dmar.rmrrs[r];
            cut(room, rmrr->start, rmrr->start + rmrr->size);
        }
    }
}

static void place(struct plan_work *w, struct room *room, const struct block *b, uint32_t *last)
{
    struct plan_claim *c = &w->claims[b->claim];
    uint64_t at = take(room, b);
    if (at != 0) {
        at += bar_of(w, c, b->bar)->address & (PAGE_SIZE - 1);
        *(b->bar == ROM_INDEX ? &c->rom_at : &c->bars[b->bar]) = at;
    } else if (b->bar == ROM_INDEX) {
        c->rom = false; /* drivers do without, mostly */
    } else if (*last != b->claim) {
        *last = b->claim;
        plan_work_refuse(w, c, PLAN_DEVICES_BAR_FIT, "give the guest fewer devices or ones with smaller BARs",
                         "has BARs that do not fit what is left of its guest's address space for devices");
    }
}

static size_t rmrr_count(const struct plan_work *w)
{
    return w->m->has_dmar ? w->m->dmar.rmrr_count : 0;
}

static enum status place_guest(struct plan_work *w, uint32_t guest, struct arena scratch)
{
    size_t count = collect(w, guest, NULL);
    struct block *blocks = arena_array(&scratch, count, sizeof(*blocks));
    struct room room = {.gaps = arena_array(&scratch, 2 + 2 * rmrr_count(w) + count, sizeof(*room.gaps))};
    if (blocks == NULL || room.gaps == NULL) {
        return STATUS_NO_MEMORY;
    }
    collect(w, guest, blocks);
    sort(w, blocks, count);
    open_windows(w, guest, &room);
    uint32_t last = PLAN_NO_CLAIM;
    for (size_t i = 0; i < count; i++) {
        place(w, &room, &blocks[i], &last);
    }
    return STATUS_OK;
}

enum status plan_bars_place(struct plan_work *w)
{
    for (uint32_t guest = 0; guest < w->config->guest_count; guest++) {
        enum status status = place_guest(w, guest, *w->arena);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static const struct config_value *rom_word(const struct plan_claim *c)
{
    if (c->own != NULL && c->own->rom.at.line != 0) {
        return &c->own->rom;
    }
    return c->id != NULL && c->id->rom.at.line != 0 ? &c->id->rom : NULL;
}

void plan_bars_choose_roms(struct plan_work *w)
{
    for (size_t i = 0; i < w->claim_count; i++) {
        struct plan_claim *c = &w->claims[i];
        const struct pci_bar *rom = &w->pci->functions[c->function].rom;
        const struct config_value *word = rom_word(c);
        if (c->gone || (word != NULL && word->number == 0)) {
            continue;
        }
        c->rom = plan_extents_rom_alone(&w->extents, c->function, rom) &&
                 plan_extents_platform(w->m, rom->address, rom->size) == NULL;
        if (!c->rom && word != NULL) {
            plan_work_say(w, c, PLAN_DEVICES_NO_ROM, DIAG_WARNING, "leave rom out, or write rom = false", "%s",
                          rom->size == 0   ? "has no option ROM to show"
                          : !rom->assigned ? "hides its option ROM: firmware gave it no address"
                                           : "hides its option ROM: something else has its address too");
        }
    }
}
