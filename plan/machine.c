/* SPDX-License-Identifier: GPL-2.0-only
 * Facts of one machine. */
#include "plan/machine.h"

#include "drivers/pci_bars.h"
#include "kernel/lib/bits.h"

#define LAPIC_WINDOW MIB /* 0xfee00000-0xfeefffff: no device may decode there */
#define IOAPIC_WINDOW PAGE_SIZE
#define HPET_WINDOW KIB
#define ECAM_BUS_BYTES MIB

static enum status missing(struct diag_list *diags, enum machine_diag code, const char *where, const char *fix,
                           const char *what)
{
    diag_add(diags, (uint16_t)code, DIAG_ERROR, where, fix, "%s", what);
    return STATUS_NOT_FOUND;
}

static enum status read_madt(struct machine *m, struct arena *arena, struct diag_list *diags)
{
    struct acpi_view view;
    enum status status = acpi_find(&m->acpi, "APIC", 0, &view);
    if (status == STATUS_OK) {
        status = madt_parse(&m->madt, &view, arena, diags);
    }
    if (status != STATUS_OK) {
        return missing(diags, MACHINE_DIAG_NO_MADT, "MADT",
                       "update the firmware; Bulkhead finds processors by this table",
                       "the table that lists processors is missing or broken");
    }
    return STATUS_OK;
}

/* MCFG, FADT and HPET may be missing or broken: what they would tell is then done without. */
static void read_optional(struct machine *m, struct arena *arena, struct diag_list *diags)
{
    struct acpi_view view;
    if (acpi_find(&m->acpi, "MCFG", 0, &view) != STATUS_OK || mcfg_parse(&m->mcfg, &view, arena, diags) != STATUS_OK) {
        m->mcfg = (struct mcfg){0};
    }
    if (acpi_find(&m->acpi, "FACP", 0, &view) != STATUS_OK || fadt_parse(&m->fadt, &view, diags) != STATUS_OK) {
        m->fadt = (struct fadt){0};
    }
    for (size_t i = 0; acpi_find(&m->acpi, "HPET", i, &view) == STATUS_OK && m->hpet_count < MACHINE_HPETS_MAX; i++) {
        if (hpet_parse(&m->hpets[m->hpet_count], &view, diags) == STATUS_OK) {
            m->hpet_count++;
        }
    }
}

enum status machine_read_tables(struct machine *m, const uint8_t *rsdp, size_t rsdp_length,
                                const struct memory_map *memory, struct arena *arena, struct diag_list *diags)
{
    *m = (struct machine){.memory = memory};
    if (acpi_open(&m->acpi, rsdp, rsdp_length, arena, diags) != STATUS_OK) {
        return missing(diags, MACHINE_DIAG_NO_ACPI, "ACPI", "boot through GRUB's multiboot2 on a machine with ACPI",
                       "no sound ACPI root table was found");
    }
    return machine_read_saved_tables(m, memory, arena, diags);
}

enum status machine_read_saved_tables(struct machine *m, const struct memory_map *memory, struct arena *arena,
                                      struct diag_list *diags)
{
    m->memory = memory;
    enum status status = read_madt(m, arena, diags);
    if (status == STATUS_OK) {
        read_optional(m, arena, diags);
    }
    return status;
}

static enum status refuse_dmar(struct diag_list *diags, enum machine_diag code, const char *fix, const char *what)
{
    (void)missing(diags, code, "DMAR", fix, what);
    return STATUS_UNSUPPORTED;
}

/* A unit whose registers lie in RAM would let anyone with that RAM program it. */
static bool units_clear_of_memory(const struct machine *m, struct diag_list *diags)
{
    bool clear = true;
    for (size_t i = 0; i < m->dmar.unit_count; i++) {
        const struct dmar_unit *unit = &m->dmar.units[i];
        for (int kind = MEMORY_RAM; kind <= MEMORY_HYPERVISOR; kind++) {
            if (kind == MEMORY_RESERVED ||
                !memory_map_overlaps(m->memory, unit->base.v, unit->window, (enum memory_kind)kind)) {
                continue;
            }
            diag_add(diags, MACHINE_DIAG_UNIT_IN_RAM, DIAG_ERROR, "DMAR", "update the firmware",
                     "the registers of the unit at 0x%llx lie in %s memory", (unsigned long long)unit->base.v,
                     memory_kind_text((enum memory_kind)kind));
            clear = false;
        }
    }
    return clear;
}

enum status machine_read_dmar(struct machine *m, struct arena *arena, struct diag_list *diags)
{
    struct acpi_view view;
    if (acpi_count(&m->acpi, "DMAR") > 1) {
        return refuse_dmar(diags, MACHINE_DIAG_TWO_DMARS,
                           "update the firmware, or load one table by GRUB's acpi command",
                           "there are two DMAR tables; which one is true cannot be known");
    }
    if (acpi_count(&m->acpi, "DMAR") == 0 && m->acpi.dmar_damaged) {
        return refuse_dmar(diags, MACHINE_DIAG_DMAR_BAD, "update the firmware",
                           "the DMAR table is damaged: its length or checksum is wrong");
    }
    if (acpi_find(&m->acpi, "DMAR", 0, &view) != STATUS_OK) {
        return refuse_dmar(
            diags, MACHINE_DIAG_NO_DMAR,
            "turn on \"VT-d\" (Intel Virtualization Technology for Directed I/O) in the firmware's setup",
            "there is no DMAR table: this machine has no VT-d, or it is off");
    }
    if (dmar_parse(&m->dmar, view.bytes, view.length, arena, diags) != STATUS_OK) {
        return refuse_dmar(diags, MACHINE_DIAG_DMAR_BAD, "update the firmware; the errors above say what is wrong",
                           "the DMAR table cannot be trusted");
    }
    m->has_dmar = units_clear_of_memory(m, diags);
    return m->has_dmar ? STATUS_OK : STATUS_UNSUPPORTED;
}

const struct pci_platform_range *machine_platform_ranges(const struct machine *m, struct arena *arena, size_t *count)
{
    size_t most = 1 + m->madt.ioapic_count + m->hpet_count + m->mcfg.count + m->dmar.unit_count;
    struct pci_platform_range *ranges = arena_array(arena, most, sizeof(*ranges));
    if (ranges == NULL) {
        return NULL;
    }
    size_t n = 0;
    uint64_t lapic = align_down(m->madt.lapic_base.v, LAPIC_WINDOW);
    ranges[n++] = (struct pci_platform_range){lapic, lapic + LAPIC_WINDOW, "local APIC"};
    for (size_t i = 0; i < m->madt.ioapic_count; i++) {
        uint64_t base = m->madt.ioapics[i].base.v;
        ranges[n++] = (struct pci_platform_range){base, base + IOAPIC_WINDOW, "I/O APIC"};
    }
    for (size_t i = 0; i < m->hpet_count; i++) {
        uint64_t base = m->hpets[i].base.v;
        ranges[n++] = (struct pci_platform_range){base, base + HPET_WINDOW, "HPET"};
    }
    for (size_t i = 0; i < m->mcfg.count; i++) {
        const struct pci_ecam *w = &m->mcfg.windows[i];
        ranges[n++] = (struct pci_platform_range){w->base.v + w->first_bus * ECAM_BUS_BYTES,
                                                  w->base.v + (w->last_bus + UINT64_C(1)) * ECAM_BUS_BYTES, "ECAM"};
    }
    for (size_t i = 0; m->has_dmar && i < m->dmar.unit_count; i++) {
        const struct dmar_unit *unit = &m->dmar.units[i];
        ranges[n++] = (struct pci_platform_range){unit->base.v, unit->base.v + unit->window, "remapping unit"};
    }
    *count = n;
    return ranges;
}

enum status machine_check_bars(struct machine *m, struct arena *arena, struct diag_list *diags)
{
    size_t count = 0;
    struct arena scratch = *arena;
    const struct pci_platform_range *ranges = machine_platform_ranges(m, &scratch, &count);
    return ranges == NULL ? STATUS_NO_MEMORY : pci_bars_check(&m->pci, m->memory, ranges, count, &scratch, diags);
}

enum status machine_read_pci(struct machine *m, struct arena *arena, struct diag_list *diags)
{
    enum status status = pci_enumerate(m->mcfg.windows, m->mcfg.count, arena, &m->pci, diags);
    if (status != STATUS_OK) {
        return status;
    }
    pci_bars_size(&m->pci, diags);
    status = machine_check_bars(m, arena, diags);
    return status == STATUS_OK ? vmd_open(&m->vmd, &m->pci, arena, diags) : status;
}

enum status machine_read_groups(struct machine *m, struct arena *arena)
{
    return groups_make(&m->pci, arena, &m->groups);
}

static enum status secondary(void *context, struct sbdf bridge, uint8_t *first, uint8_t *last)
{
    const struct machine *m = context;
    const struct pci_function *f = pci_find(&m->pci, bridge);
    if (f == NULL || !f->bridge) {
        return STATUS_NOT_FOUND;
    }
    *first = f->secondary;
    *last = f->subordinate;
    return STATUS_OK;
}

struct scope_bus_view machine_bus_view(const struct machine *m)
{
    return (struct scope_bus_view){.secondary = secondary, .context = (void *)m};
}

uint32_t machine_speaker_of(const struct machine *m, uint32_t function)
{
    const struct pci_function *f = &m->pci.functions[function];
    uint32_t speaker = f->is_vmd_child ? f->vmd : f->is_vf ? f->pf : function;
    return speaker < m->pci.count ? speaker : PCI_NO_INDEX;
}

enum status machine_unit_of(const struct machine *m, struct sbdf function, size_t *unit)
{
    struct scope_bus_view view = machine_bus_view(m);
    uint32_t index = pci_find_index(&m->pci, function);
    uint32_t speaker = index == PCI_NO_INDEX ? PCI_NO_INDEX : machine_speaker_of(m, index);
    if (!m->has_dmar || (index != PCI_NO_INDEX && speaker == PCI_NO_INDEX)) {
        return STATUS_NOT_FOUND;
    }
    struct sbdf named = speaker == PCI_NO_INDEX ? function : m->pci.functions[speaker].at;
    return scope_unit_of(&m->dmar, &view, named, unit);
}

static bool named_by_reserved(const struct machine *m, struct sbdf function)
{
    struct scope_bus_view view = machine_bus_view(m);
    for (size_t i = 0; m->has_dmar && i < m->dmar.rmrr_count; i++) {
        const struct dmar_rmrr *rmrr = &m->dmar.rmrrs[i];
        if (scope_names(&rmrr->scopes, rmrr->segment, &view, function)) {
            return true;
        }
    }
    return false;
}

/* Memory that somebody else has: firmware's word must not open it to a device. */
static bool reserves_what_is_in_use(const struct machine *m, const struct dmar_rmrr *rmrr)
{
    static const enum memory_kind kinds[] = {MEMORY_RAM, MEMORY_LOADER, MEMORY_HYPERVISOR};
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (memory_map_overlaps(m->memory, rmrr->start, rmrr->size, kinds[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < m->dmar.unit_count; i++) {
        const struct dmar_unit *unit = &m->dmar.units[i];
        if (rmrr->start < unit->base.v + unit->window && unit->base.v < rmrr->start + rmrr->size) {
            return true;
        }
    }
    return false;
}

bool machine_reserved_is_sound(const struct machine *m, struct sbdf function)
{
    struct scope_bus_view view = machine_bus_view(m);
    for (size_t i = 0; m->has_dmar && i < m->dmar.rmrr_count; i++) {
        const struct dmar_rmrr *rmrr = &m->dmar.rmrrs[i];
        if (scope_names(&rmrr->scopes, rmrr->segment, &view, function) && reserves_what_is_in_use(m, rmrr)) {
            return false;
        }
    }
    return true;
}

bool machine_has_reserved_memory(const struct machine *m, struct sbdf function)
{
    const struct pci_function *f = pci_find(&m->pci, function);
    if (f == NULL || !f->bridge) {
        return named_by_reserved(m, function);
    }
    for (size_t i = 0; i < m->pci.count; i++) {
        const struct pci_function *below = &m->pci.functions[i];
        bool behind = sbdf_segment(below->at) == sbdf_segment(function) && sbdf_bus(below->at) >= f->secondary &&
                      sbdf_bus(below->at) <= f->subordinate;
        if (behind && !below->bridge && named_by_reserved(m, below->at)) {
            return true;
        }
    }
    return false;
}
