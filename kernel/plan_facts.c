/* SPDX-License-Identifier: GPL-2.0-only
 * Facts for the planner. */
#include "kernel/plan_facts.h"

#include "guest/plan_limits.h"
#include "kernel/console_input.h"
#include "kernel/core/pages.h"
#include "kernel/core/percpu.h"
#include "kernel/core/serial.h"
#include "kernel/core/topology.h"
#include "kernel/gsi.h"
#include "kernel/hw/cpu.h"
#include "plan/machine_lines.h"

static struct cpuid leaf_if_there(uint32_t leaf)
{
    return cpu_cpuid(0, 0).eax >= leaf ? cpu_cpuid(leaf, 0) : (struct cpuid){0};
}

static enum status read_cpus(struct arena *arena, struct plan_facts *out)
{
    struct plan_cpu *cpus = arena_array(arena, cpu_count(), sizeof(*cpus));
    if (cpus == NULL) {
        return STATUS_NO_MEMORY;
    }
    unsigned thread_bits = topology_thread_bits(leaf_if_there(0x1f), leaf_if_there(0xb));
    for (unsigned i = 0; i < cpu_count(); i++) {
        uint32_t id = percpu_at(i)->apic_id;
        cpus[i] = (struct plan_cpu){.apic_id = id, .core = id >> thread_bits};
    }
    out->cpus = cpus;
    out->cpu_count = cpu_count();
    return STATUS_OK;
}

static enum status read_memory(struct arena *arena, struct plan_facts *out)
{
    struct pages_extent *extents = arena_array(arena, PAGES_EXTENTS_MAX, sizeof(*extents));
    struct plan_block *blocks = arena_array(arena, PAGES_EXTENTS_MAX, sizeof(*blocks));
    if (extents == NULL || blocks == NULL) {
        return STATUS_NO_MEMORY;
    }
    out->free_count = pages_extents(extents, PAGES_EXTENTS_MAX);
    for (size_t i = 0; i < out->free_count; i++) {
        blocks[i] = (struct plan_block){extents[i].start, extents[i].bytes};
    }
    out->free = blocks;
    return STATUS_OK;
}

/* Lines of each I/O APIC of the MADT; one that is not used has none. */
static enum status read_pins(const struct machine *machine, const struct isolate *isolate, struct arena *arena,
                             struct plan_facts *out)
{
    uint16_t *pins = arena_array(arena, machine->madt.ioapic_count, sizeof(*pins));
    if (pins == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < machine->madt.ioapic_count; i++) {
        for (size_t k = 0; k < isolate->ioapic_count; k++) {
            const struct ioapic *io = &isolate->ioapics[k];
            if (io->id == machine->madt.ioapics[i].id && io->gsi_base == machine->madt.ioapics[i].gsi_base) {
                pins[i] = (uint16_t)io->pins;
            }
        }
    }
    out->pins = pins;
    return STATUS_OK;
}

/* Which units of the DMAR serve devices' own TLBs. */
static enum status read_device_tlbs(const struct machine *machine, const struct isolate *isolate, struct arena *arena,
                                    struct plan_facts *out)
{
    size_t count = machine->has_dmar ? machine->dmar.unit_count : 0;
    bool *serves = arena_array(arena, count, sizeof(*serves));
    if (serves == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t unit = isolate->vtd_index[i];
        serves[i] =
            unit != ISOLATE_NO_UNIT && isolate->vtd.units[unit].caps.device_tlb && isolate->vtd.units[unit].caps.queued;
    }
    out->device_tlbs = serves;
    return STATUS_OK;
}

static uint32_t console_gsi(const struct machine *machine)
{
    int irq = console_input_irq();
    return irq < 0 ? PLAN_NO_GSI : gsi_of_isa(machine, (uint8_t)irq);
}

enum status plan_facts_read(const struct machine *machine, const struct isolate *isolate, struct arena *arena,
                            struct plan_facts *out)
{
    *out = (struct plan_facts){
        .machine = machine,
        .remapping = isolate->vtd.remapping,
        .console_port = serial_port(),
        .console_gsi = console_gsi(machine),
        .limits = guest_plan_limits(),
    };
    enum status status = read_cpus(arena, out);
    status = status == STATUS_OK ? read_pins(machine, isolate, arena, out) : status;
    status = status == STATUS_OK ? read_device_tlbs(machine, isolate, arena, out) : status;
    out->gsis = machine_lines_read(machine, arena);
    return status == STATUS_OK ? read_memory(arena, out) : status;
}
