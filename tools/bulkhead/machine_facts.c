/* SPDX-License-Identifier: GPL-2.0-only
 * From a dump to struct plan_facts, as kernel/plan_facts.c makes them at boot. */
#include "tools/bulkhead/machine_facts.h"

#include "plan/machine_lines.h"
#include "plan/plan_memory.h"
#include "vtd/caps.h"

/* What a unit of the DMAR says; NULL: Linux does not show it. */
static const struct dump_unit *shown_unit(const struct machine_load *load, size_t unit)
{
    const struct dump_unit *shown = NULL;
    for (size_t k = 0; k < load->dump.unit_count; k++) {
        shown = load->dump.units[k].address == load->machine.dmar.units[unit].base.v ? &load->dump.units[k] : shown;
    }
    return shown;
}

/* A unit that Linux does not show is taken for one that serves device TLBs. */
static enum status read_device_tlbs(struct machine_load *load, struct arena *arena)
{
    size_t count = load->machine.has_dmar ? load->machine.dmar.unit_count : 0;
    bool *serves = arena_array(arena, count, sizeof(*serves));
    for (size_t i = 0; serves != NULL && i < count; i++) {
        const struct dump_unit *shown = shown_unit(load, i);
        struct vtd_caps caps = vtd_caps_make(shown != NULL ? shown->cap : 0, shown != NULL ? shown->ecap : 0);
        serves[i] = shown == NULL || (caps.device_tlb && caps.queued);
    }
    load->facts.device_tlbs = serves;
    return serves != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

/* What every unit says, where Linux shows it; else what DMAR claims for all. */
static bool remaps_interrupts(struct machine_load *load, const struct vtd_quirks *quirks)
{
    const struct dmar *dmar = &load->machine.dmar;
    bool all = load->machine.has_dmar && dmar->interrupt_remapping && !quirks->no_interrupt_remapping;
    for (size_t i = 0; all && i < dmar->unit_count; i++) {
        const struct dump_unit *shown = shown_unit(load, i);
        load->units_assumed = load->units_assumed || shown == NULL;
        struct vtd_caps caps = vtd_caps_make(shown != NULL ? shown->cap : 0, shown != NULL ? shown->ecap : 0);
        all = shown == NULL || (caps.interrupt_remapping && caps.queued);
    }
    return all;
}

/* The boot CPU first, which is Linux's CPU 0, then MADT's order, as kernel/platform.c lists them. */
static void list_cpus(struct machine_load *load)
{
    const struct madt *madt = &load->machine.madt;
    const struct dump_text *dump = &load->dump;
    uint32_t boot = madt->cpus[0].apic_id;
    for (size_t i = 0; i < dump->cpu_count; i++) {
        boot = dump->cpus[i].number == 0 ? dump->cpus[i].apic_id : boot;
    }
    size_t count = 0;
    load->cpus[count++].apic_id = boot;
    for (size_t i = 0; i < madt->cpu_count; i++) {
        if (madt->cpus[i].enabled && madt->cpus[i].apic_id != boot) {
            load->cpus[count++].apic_id = madt->cpus[i].apic_id;
        }
    }
    for (size_t i = 0; i < count; i++) {
        load->cpus[i].core = load->cpus[i].apic_id >> dump->thread_bits;
    }
    load->facts.cpu_count = count;
}

/* As kernel/plan_facts.c: a table that is not sound is none. */
static void read_lines(struct machine_load *load, struct arena *arena)
{
    struct mp_table table;
    if (load->dump.mp_length != 0 &&
        mp_table_parse(load->dump.mp_table, load->dump.mp_length, arena, &table) == STATUS_OK) {
        load->facts.gsis = machine_lines_by(&load->machine, &table, arena);
    }
}

static void list_hints(struct machine_load *load)
{
    for (size_t i = 0; i < load->machine.pci.count; i++) {
        uint32_t irq = load->dump.functions[load->dump_of[i]].irq;
        load->hints[i] = irq != 0 ? irq : PLAN_NO_GSI;
    }
}

enum status machine_facts_make(struct machine_load *load, const struct vtd_quirks *quirks, struct arena *arena)
{
    struct machine *m = &load->machine;
    load->cpus = arena_array(arena, m->madt.cpu_count + 1, sizeof(*load->cpus));
    load->free = arena_array(arena, m->memory->count, sizeof(*load->free));
    load->hints = arena_array(arena, m->pci.count, sizeof(*load->hints));
    if (load->cpus == NULL || load->free == NULL || load->hints == NULL) {
        return STATUS_NO_MEMORY;
    }
    load->facts = (struct plan_facts){.machine = m,
                                      .cpus = load->cpus,
                                      .free = load->free,
                                      .remapping = remaps_interrupts(load, quirks),
                                      .console_gsi = PLAN_NO_GSI,
                                      .hints = load->hints};
    if (m->madt.cpu_count != 0) {
        list_cpus(load);
    }
    load->facts.free_count = plan_memory_free(m->memory, load->free, m->memory->count);
    list_hints(load);
    read_lines(load, arena);
    return read_device_tlbs(load, arena);
}
