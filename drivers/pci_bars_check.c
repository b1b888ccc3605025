/* SPDX-License-Identifier: GPL-2.0-only
 * Finding BARs that clash with memory, with the platform's own windows, or with each other. */
#include "drivers/pci_bars.h"
#include "drivers/pci_diag.h"
#include "drivers/pci_regs.h"

#define FIX "move the device in firmware setup or update the firmware; it is given to no guest until then"
#define ROM_INDEX PCI_BARS

/* One decoded range. Ports sort apart from memory. */
struct claim {
    bool io;
    uint64_t start;
    uint64_t end; /* exclusive */
    uint32_t function;
    uint8_t bar;
};

struct check {
    struct pci_facts *facts;
    const struct memory_map *memory;
    const struct pci_platform_range *ranges;
    size_t range_count;
    struct diag_list *diag;
};

static bool is_peripheral(const struct pci_function *f)
{
    return pci_class(f) >> 8 == 0x08;
}

static bool decodes(const struct pci_function *f, const struct claim *c)
{
    return (f->command & (c->io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)) != 0;
}

static const char *bar_name(const struct claim *c)
{
    static const char *const names[] = {"BAR 0", "BAR 1", "BAR 2", "BAR 3", "BAR 4", "BAR 5", "ROM"};
    return names[c->bar];
}

static bool overlap(uint64_t start, uint64_t end, const struct claim *c)
{
    return start < c->end && c->start < end;
}

static struct pci_function *block(const struct check *check, const struct claim *c)
{
    struct pci_function *f = &check->facts->functions[c->function];
    f->blocked |= PCI_BLOCKED_BARS;
    return f;
}

static void check_memory(const struct check *check, const struct claim *c)
{
    static const enum memory_kind kinds[] = {MEMORY_RAM,      MEMORY_ACPI,   MEMORY_ACPI_NVS,
                                             MEMORY_UNUSABLE, MEMORY_LOADER, MEMORY_HYPERVISOR};
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (!memory_map_overlaps(check->memory, c->start, c->end - c->start, kinds[i])) {
            continue;
        }
        const struct pci_function *f = block(check, c);
        char where[SBDF_TEXT_SIZE];
        diag_add(check->diag, PCI_DIAG_BAR_RAM, decodes(f, c) ? DIAG_ERROR : DIAG_WARNING, sbdf_text(f->at, where), FIX,
                 "%s at 0x%llx-0x%llx overlaps %s memory", bar_name(c), (unsigned long long)c->start,
                 (unsigned long long)c->end - 1, memory_kind_text(kinds[i]));
        return;
    }
}

static void check_platform(const struct check *check, const struct claim *c)
{
    for (size_t i = 0; i < check->range_count; i++) {
        const struct pci_platform_range *range = &check->ranges[i];
        if (!overlap(range->start, range->end, c)) {
            continue;
        }
        const struct pci_function *f = block(check, c);
        enum diag_severity severity = is_peripheral(f) ? DIAG_NOTE : decodes(f, c) ? DIAG_ERROR : DIAG_WARNING;
        char where[SBDF_TEXT_SIZE];
        diag_add(check->diag, PCI_DIAG_BAR_PLATFORM, severity, sbdf_text(f->at, where), is_peripheral(f) ? "" : FIX,
                 "%s at 0x%llx-0x%llx overlaps the %s at 0x%llx", bar_name(c), (unsigned long long)c->start,
                 (unsigned long long)c->end - 1, range->name, (unsigned long long)range->start);
        return;
    }
}

static void report_pair(const struct check *check, const struct claim *a, const struct claim *b)
{
    const struct pci_function *fa = block(check, a);
    const struct pci_function *fb = block(check, b);
    bool both_decode = decodes(fa, a) && decodes(fb, b);
    char where[SBDF_TEXT_SIZE];
    char other[SBDF_TEXT_SIZE];
    diag_add(check->diag, PCI_DIAG_BAR_OVERLAP, both_decode ? DIAG_ERROR : DIAG_WARNING, sbdf_text(fb->at, where), FIX,
             "%s at 0x%llx-0x%llx overlaps %s of %s at 0x%llx-0x%llx", bar_name(b), (unsigned long long)b->start,
             (unsigned long long)b->end - 1, bar_name(a), sbdf_text(fa->at, other), (unsigned long long)a->start,
             (unsigned long long)a->end - 1);
}

static bool before(const struct claim *a, const struct claim *b)
{
    if (a->io != b->io) {
        return a->io;
    }
    if (a->start != b->start) {
        return a->start < b->start;
    }
    return a->function != b->function ? a->function < b->function : a->bar < b->bar;
}

/* Shell sort: no recursion, no extra memory, fast enough for the few thousand BARs of the largest machines. */
static void sort(struct claim *claims, size_t count)
{
    size_t gap = 1;
    while (gap < count / 3) {
        gap = 3 * gap + 1;
    }
    for (; gap > 0; gap /= 3) {
        for (size_t i = gap; i < count; i++) {
            struct claim moving = claims[i];
            size_t j = i;
            for (; j >= gap && before(&moving, &claims[j - gap]); j -= gap) {
                claims[j] = claims[j - gap];
            }
            claims[j] = moving;
        }
    }
}

/* Sorted by start, each is compared with the one that reaches furthest so far: every claim that overlaps any other is
 * found that way, though not every pair. */
static void check_pairs(const struct check *check, const struct claim *claims, size_t count)
{
    const struct claim *furthest = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct claim *c = &claims[i];
        if (furthest != NULL && furthest->io == c->io && c->start < furthest->end) {
            report_pair(check, furthest, c);
        }
        if (furthest == NULL || furthest->io != c->io || c->end > furthest->end) {
            furthest = c;
        }
    }
}

static bool counts(const struct pci_bar *bar)
{
    return bar->kind != PCI_BAR_NONE && bar->kind != PCI_BAR_UPPER && bar->assigned && bar->size != 0;
}

static const struct pci_bar *bar_of(const struct pci_function *f, unsigned index)
{
    return index == ROM_INDEX ? &f->rom : &f->bars[index];
}

/* All assigned BARs, and ROMs that are switched on. Those behind a VMD endpoint are inside its own. claims NULL only
 * counts. */
static size_t collect(const struct pci_facts *facts, struct claim *claims)
{
    size_t count = 0;
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        for (uint8_t b = 0; b <= ROM_INDEX; b++) {
            const struct pci_bar *bar = bar_of(f, b);
            if (f->is_vmd_child || !counts(bar) || (b == ROM_INDEX && !f->rom_enabled)) {
                continue;
            }
            if (claims != NULL) {
                claims[count] = (struct claim){bar->kind == PCI_BAR_IO, bar->address, bar->address + bar->size, i, b};
            }
            count++;
        }
    }
    return count;
}

enum status pci_bars_check(struct pci_facts *facts, const struct memory_map *memory,
                           const struct pci_platform_range *ranges, size_t range_count, const struct arena *scratch,
                           struct diag_list *diag)
{
    const struct check check = {facts, memory, ranges, range_count, diag};
    struct arena work = *scratch; /* a copy: what it takes is free again afterwards */
    size_t count = collect(facts, NULL);
    struct claim *claims = arena_array(&work, count, sizeof(*claims));
    if (claims == NULL) {
        return STATUS_NO_MEMORY;
    }
    collect(facts, claims);
    sort(claims, count);
    for (size_t i = 0; i < count; i++) {
        if (!claims[i].io) {
            check_memory(&check, &claims[i]);
            check_platform(&check, &claims[i]);
        }
    }
    check_pairs(&check, claims, count);
    return STATUS_OK;
}

void pci_bars_close_blocked(const struct pci_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        bool serves_others = is_peripheral(f) || f->bridge || pci_class(f) >> 8 == 0x06;
        if ((f->blocked & PCI_BLOCKED_BARS) == 0 || serves_others) {
            continue;
        }
        uint16_t command = pci_config_read16(f->at, PCI_COMMAND);
        pci_config_write16(f->at, PCI_COMMAND, (uint16_t)(command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY)));
    }
}
