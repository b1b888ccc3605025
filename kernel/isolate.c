/* SPDX-License-Identifier: GPL-2.0-only
 * Every device blocked, every unit on. */
#include "kernel/isolate.h"

#include "drivers/pci_acs.h"
#include "drivers/pci_bars.h"
#include "drivers/pci_quiesce.h"
#include "drivers/pci_regs.h"
#include "drivers/sriov.h"
#include "drivers/usb_handoff.h"
#include "kernel/core/irq.h"
#include "kernel/core/lapic.h"
#include "kernel/core/log.h"
#include "kernel/core/panic_control.h"
#include "kernel/core/percpu.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/pci_config.h"
#include "vtd/bringup.h"
#include "vtd/fault.h"
#include "vtd/quirks.h"
#include "vtd/unit_log.h"

#define HOUSEKEEPING_CPU 0u /* takes fault interrupts and writes the console: docs/architecture.md */
#define CLASS_DISPLAY 3u

/* Rate of fault lines a source may print: a burst, then one a second. */
static const struct vtd_fault_limit fault_limit = {.burst = 32, .period_ns = UINT64_C(1000000000)};

static void hand_off_usb(struct machine *m, struct diag_list *diags)
{
    for (size_t i = 0; i < m->pci.count; i++) {
        const struct pci_function *f = &m->pci.functions[i];
        if (!usb_handoff_applies(f)) {
            continue;
        }
        enum status status = usb_handoff(f, diags);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            char text[SBDF_TEXT_SIZE];
            log_warn("usb: %s taken from firmware by force: %s", sbdf_text(f->at, text), status_text(status));
        }
    }
}

static bool works_in_reserved_memory(const struct machine *m, const struct pci_function *f)
{
    return !f->bridge && machine_has_reserved_memory(m, f->at) && machine_reserved_is_sound(m, f->at);
}

/* Without memory for the list nothing is kept: firmware's devices stop, which is safe. */
static struct sbdf *list_kept(const struct machine *m, struct arena *arena, size_t *count)
{
    size_t most = 0;
    *count = 0;
    for (size_t i = 0; i < m->pci.count; i++) {
        most += works_in_reserved_memory(m, &m->pci.functions[i]);
    }
    struct sbdf *keep = most == 0 ? NULL : arena_array(arena, most, sizeof(*keep));
    if (keep == NULL) {
        if (most != 0) {
            log_warn("pci: no memory to list the %zu functions with reserved memory: they stop too", most);
        }
        return NULL;
    }
    for (size_t i = 0; i < m->pci.count; i++) {
        if (works_in_reserved_memory(m, &m->pci.functions[i])) {
            keep[(*count)++] = m->pci.functions[i].at;
        }
    }
    return keep;
}

void isolate_quiesce(struct machine *m, struct arena *arena, struct diag_list *diags)
{
    size_t count = 0;
    const struct sbdf *keep = list_kept(m, arena, &count);
    sriov_stop_all(&m->pci, diags);
    hand_off_usb(m, diags);
    pci_quiesce_all(&m->pci, keep, count, diags);
    pci_bars_close_blocked(&m->pci);
    panic_set_device_stop(pci_stop_all_bus_masters);
    log_info("pci: bus mastering is off in all %zu functions%s", m->pci.count,
             count == 0 ? "" : ", those with reserved memory apart");
}

enum status isolate_group(struct machine *m, struct arena *arena, struct diag_list *diags)
{
    size_t isolating = pci_acs_enable(&m->pci, diags);
    enum status status = machine_read_groups(m, arena);
    if (status == STATUS_OK) {
        log_info("pci: functions=%zu groups=%zu acs=%zu", m->pci.count, m->groups.count, isolating);
    }
    return status;
}

void isolate_block(const struct machine *m)
{
    if (m->pci.count != 0) {
        pci_stop_bus_masters(&m->pci); /* which may not have come to be quiesced */
        return;
    }
    for (unsigned rid = 0; rid <= UINT16_MAX; rid++) {
        struct sbdf at = sbdf_from_rid(0, (uint16_t)rid);
        if (pci_config_read16(at, PCI_VENDOR) != UINT16_MAX) {
            uint16_t command = pci_config_read16(at, PCI_COMMAND);
            pci_config_write16(at, PCI_COMMAND, command & (uint16_t)~PCI_COMMAND_BUS_MASTER);
        }
    }
}

static struct vtd_quirks find_quirks(const struct machine *m)
{
    struct vtd_quirk_facts facts = {0};
    for (size_t i = 0; i < m->pci.count; i++) {
        const struct pci_function *f = &m->pci.functions[i];
        struct vtd_quirk_function seen = {.at = f->at,
                                          .vendor = f->vendor,
                                          .device = f->device,
                                          .revision = f->revision,
                                          .base_class = (uint8_t)(f->class_code >> 16)};
        if (f->is_vmd_child) {
            continue; /* no part of the chipset, whatever its ids */
        }
        vtd_quirks_see(&facts, &seen);
    }
    return vtd_quirks_decide(&facts, cpu_cpuid(1, 0).eax);
}

static enum status refuse_unit(struct diag_list *diags, const struct dmar_unit *unit, enum status status)
{
    bool dead = status == STATUS_TIMEOUT || status == STATUS_NOT_FOUND;
    diag_add(diags, dead ? ISOLATE_DIAG_UNIT_DEAD : ISOLATE_DIAG_UNIT_UNSUPPORTED, DIAG_ERROR, "DMAR",
             "update the firmware, or turn VT-d off and on again in its setup",
             "the remapping unit at 0x%llx cannot be used: %s", (unsigned long long)unit->base.v, status_text(status));
    return status;
}

/* A unit that a quirk forbids: what it covers is never assigned. */
static bool is_ignored(const struct machine *m, const struct vtd_quirks *quirks, size_t unit)
{
    size_t isoch = 0;
    return quirks->ignore_isoch_unit && machine_unit_of(m, quirks->isoch_at, &isoch) == STATUS_OK && isoch == unit;
}

static enum status probe_units(struct isolate *iso, struct machine *m, const struct vtd_quirks *quirks,
                               struct arena *arena, struct diag_list *diags)
{
    const struct dmar *dmar = &m->dmar;
    struct vtd_unit *units = arena_array(arena, dmar->unit_count, sizeof(*units));
    iso->vtd_index = arena_array(arena, dmar->unit_count, sizeof(*iso->vtd_index));
    if (units == NULL || iso->vtd_index == NULL) {
        return STATUS_NO_MEMORY;
    }
    unsigned count = 0;
    for (size_t i = 0; i < dmar->unit_count; i++) {
        const struct dmar_unit *unit = &dmar->units[i];
        iso->vtd_index[i] = unit->same_as != i ? iso->vtd_index[unit->same_as] : ISOLATE_NO_UNIT;
        if (unit->same_as != i || is_ignored(m, quirks, i)) {
            continue;
        }
        enum status status = vtd_unit_probe(&units[count], count, unit->base, unit->window, unit->segment, quirks);
        if (status != STATUS_OK) {
            return refuse_unit(diags, unit, status);
        }
        if (!dmar->interrupt_remapping) {
            units[count].remapping = false;
        }
        vtd_unit_log(&units[count]);
        iso->vtd_index[i] = count++;
    }
    enum status status = vtd_make(units, count, &iso->vtd);
    return status == STATUS_OK ? STATUS_OK : refuse_unit(diags, &dmar->units[0], status);
}

void isolate_probe(struct isolate *iso, struct machine *m, struct arena *arena, struct diag_list *diags)
{
    struct vtd_quirks quirks = find_quirks(m);
    iso->probed = probe_units(iso, m, &quirks, arena, diags);
}

bool isolate_takes_x2apic(const struct isolate *iso)
{
    for (unsigned i = 0; i < iso->vtd.count; i++) {
        if (!iso->vtd.units[i].remapping || !iso->vtd.units[i].caps.x2apic) {
            return false;
        }
    }
    return iso->probed == STATUS_OK && iso->vtd.count != 0;
}

struct vtd_unit *isolate_unit_of(struct isolate *iso, const struct machine *m, struct sbdf function)
{
    size_t index = 0;
    if (machine_unit_of(m, function, &index) != STATUS_OK || iso->vtd_index[index] == ISOLATE_NO_UNIT) {
        return NULL;
    }
    return &iso->vtd.units[iso->vtd_index[index]];
}

/* One function and the reserved regions that name it, in a domain of its own. */
static enum status map_reserved(struct isolate *iso, struct machine *m, const struct pci_function *f,
                                struct arena *arena)
{
    struct vtd_unit *unit = isolate_unit_of(iso, m, f->at);
    struct vtd_domain *domain = arena_array(arena, 1, sizeof(*domain));
    struct scope_bus_view view = machine_bus_view(m);
    if (unit == NULL || domain == NULL || iso->reserved == NULL) {
        return unit == NULL ? STATUS_NOT_FOUND : STATUS_NO_MEMORY;
    }
    enum status status = vtd_domain_create(&iso->vtd, domain);
    for (size_t i = 0; status == STATUS_OK && i < m->dmar.rmrr_count; i++) {
        const struct dmar_rmrr *r = &m->dmar.rmrrs[i];
        if (r->size == 0 || !scope_names(&r->scopes, r->segment, &view, f->at)) {
            continue;
        }
        status = vtd_domain_map_reserved(domain, hpa(r->start), hpa(r->start + r->size - 1));
        if (status == STATUS_CONFLICT) { /* two regions in one page, or one region twice: it is mapped */
            status = STATUS_OK;
        }
    }
    status = status == STATUS_OK ? vtd_attach(unit, sbdf_rid(f->at), domain) : status;
    if (status == STATUS_OK) {
        iso->reserved[f - m->pci.functions] = domain;
    }
    return status;
}

struct vtd_domain *isolate_reserved_of(const struct isolate *iso, const struct machine *m, struct sbdf function)
{
    uint32_t index = pci_find_index(&m->pci, function);
    return iso->reserved == NULL || index == PCI_NO_INDEX ? NULL : iso->reserved[index];
}

static void map_all_reserved(struct isolate *iso, struct machine *m, struct arena *arena, struct diag_list *diags)
{
    iso->reserved = m->dmar.rmrr_count == 0 ? NULL : arena_array(arena, m->pci.count, sizeof(struct vtd_domain *));
    for (size_t i = 0; i < m->pci.count; i++) {
        const struct pci_function *f = &m->pci.functions[i];
        char text[SBDF_TEXT_SIZE];
        if (f->bridge || !machine_has_reserved_memory(m, f->at)) {
            continue;
        }
        if (!machine_reserved_is_sound(m, f->at)) {
            diag_add(diags, ISOLATE_DIAG_RESERVED_IN_USE, DIAG_WARNING, sbdf_text(f->at, text), "update the firmware",
                     "its reserved memory holds RAM in use or a remapping unit's registers: it is not mapped, and the "
                     "function's bus mastering is off");
            continue;
        }
        enum status status = map_reserved(iso, m, f, arena);
        if (status != STATUS_OK) {
            pci_bus_master_set(&m->pci, f, false);
            diag_add(diags, ISOLATE_DIAG_RESERVED, DIAG_WARNING, sbdf_text(f->at, text), "",
                     "its reserved memory could not be mapped (%s): its bus mastering is off", status_text(status));
        }
    }
}

/* Without guests: on the log, and that is all. */
static void log_lost(void *context, unsigned unit)
{
    struct isolate *iso = context;
    uint64_t now = time_now_ns();
    if (iso->overflow_told_ns == 0 || now - iso->overflow_told_ns >= fault_limit.period_ns) {
        iso->overflow_told_ns = now;
        vtd_fault_log_overflow(unit);
    }
}

static void log_fault(void *context, const struct vtd_fault *fault)
{
    struct isolate *iso = context;
    vtd_fault_log_sink(&iso->faults, fault);
}

static void log_storm(void *context, unsigned unit)
{
    struct isolate *iso = context;
    if (!iso->storm_told) {
        iso->storm_told = true;
        vtd_fault_log_storm(unit);
    }
}

void isolate_drain_faults(struct isolate *iso)
{
    vtd_fault_watch_look(&iso->watch);
}

static enum status enable_units(struct isolate *iso, struct machine *m, struct diag_list *diags)
{
    bool reserved = m->dmar.rmrr_count != 0;
    struct vtd_bringup_options options = {
        .x2apic = lapic_is_x2apic(), .reserved_dma = reserved, .fault_apic_id = percpu_at(HOUSEKEEPING_CPU)->apic_id};
    enum status status = irq_alloc(HOUSEKEEPING_CPU, vtd_fault_watch_interrupt, &iso->watch, &options.fault_vector);
    for (unsigned i = 0; status == STATUS_OK && i < iso->vtd.count; i++) {
        status = vtd_unit_bringup(&iso->vtd.units[i], &options);
        if (status == STATUS_OK) {
            log_info("vtd: unit=%u translation on, interrupt remapping %s", i,
                     iso->vtd.units[i].remapping ? "on, compatibility format blocked" : "absent");
        } else {
            diag_add(diags, ISOLATE_DIAG_UNIT_DEAD, DIAG_ERROR, "VT-d", "reset the machine; update the firmware",
                     "unit %u did not come up: %s", i, status_text(status));
        }
    }
    return status;
}

/* Functions that no unit translates for, and graphics behind a broken unit: off for good. */
static void block_uncovered(struct isolate *iso, struct machine *m, const struct vtd_quirks *quirks,
                            struct diag_list *diags)
{
    for (size_t i = 0; i < m->pci.count; i++) {
        struct pci_function *f = &m->pci.functions[i];
        char text[SBDF_TEXT_SIZE];
        bool graphics = quirks->graphics_blocked && f->class_code >> 16 == CLASS_DISPLAY;
        if (f->bridge || (isolate_unit_of(iso, m, f->at) != NULL && !graphics)) {
            continue;
        }
        f->blocked |= PCI_BLOCKED_UNIT;
        pci_bus_master_set(&m->pci, f, false);
        diag_add(diags, graphics ? ISOLATE_DIAG_GRAPHICS : ISOLATE_DIAG_UNCOVERED, DIAG_NOTE, sbdf_text(f->at, text),
                 "", "%s: its bus mastering stays off and it can be assigned to no guest",
                 graphics ? "graphics behind a unit with errata" : "no remapping unit covers it");
    }
}

static void find_ioapics(struct isolate *iso, const struct machine *m)
{
    for (size_t i = 0; i < m->madt.ioapic_count && iso->ioapic_count < ISOLATE_IOAPICS_MAX; i++) {
        const struct madt_ioapic *io = &m->madt.ioapics[i];
        enum status status = ioapic_init(&iso->ioapics[iso->ioapic_count], io->base, io->id, io->gsi_base);
        if (status != STATUS_OK) {
            log_warn("ioapic: id %u at 0x%llx: %s", io->id, (unsigned long long)io->base.v, status_text(status));
            continue;
        }
        iso->ioapic_count++;
    }
    if (iso->ioapic_count == ISOLATE_IOAPICS_MAX && m->madt.ioapic_count > ISOLATE_IOAPICS_MAX) {
        log_warn("ioapic: only the first %u are used; this machine lists %zu", ISOLATE_IOAPICS_MAX,
                 m->madt.ioapic_count);
    }
}

enum status isolate_units(struct isolate *iso, struct machine *m, struct arena *arena, struct diag_list *diags)
{
    struct vtd_quirks quirks = find_quirks(m);
    if (iso->probed != STATUS_OK) {
        return iso->probed;
    }
    const struct vtd_fault_listener listener = {
        .fault = log_fault, .lost = log_lost, .storm = log_storm, .context = iso};
    vtd_fault_log_init(&iso->faults, fault_limit, NULL, NULL);
    vtd_fault_watch_init(&iso->watch, &iso->vtd, &listener);
    find_ioapics(iso, m);
    map_all_reserved(iso, m, arena, diags);
    enum status status = enable_units(iso, m, diags);
    if (status != STATUS_OK) {
        return status;
    }
    block_uncovered(iso, m, &quirks, diags);
    if (!iso->vtd.remapping) {
        diag_add(diags, ISOLATE_DIAG_NO_REMAPPING, DIAG_WARNING, "VT-d",
                 "turn on interrupt remapping in the firmware's setup (QEMU: intel-iommu,intremap=on)",
                 "interrupts are not remapped: a device could send any interrupt to any CPU, so that only guests with "
                 "unsafe-interrupts = true may have devices");
    }
    return STATUS_OK;
}
