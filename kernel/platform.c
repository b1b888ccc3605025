/* SPDX-License-Identifier: GPL-2.0-only
 * From ACPI tables to what the core needs. */
#include "kernel/platform.h"

#include "drivers/acpi_sleep.h"
#include "kernel/core/log.h"
#include "kernel/core/mmio_map.h"
#include "kernel/core/pages.h"
#include "kernel/core/percpu.h"
#include "kernel/core/power.h"
#include "kernel/hw/phys.h"

#define ARENA_BYTES (1 * MIB)
_Static_assert(CPU_MAX == 64, "the diagnostic names it");
#define XAPIC_ID_MAX 254 /* 255 means all CPUs */

static enum status make_arena(struct arena *arena)
{
    struct hpa at;
    enum status status = pages_alloc_block(ARENA_BYTES, PAGE_SIZE, UINT64_MAX, &at);
    if (status == STATUS_OK) {
        *arena = arena_make(phys_to_virt(at), ARENA_BYTES);
    }
    return status;
}

/* The boot CPU first, then MADT's order, which firmware chooses so that one thread of each core comes early. */
static enum status list_cpus(struct platform *p, uint32_t boot_apic_id, size_t cpu_limit)
{
    uint32_t *ids = arena_array(&p->arena, p->machine.madt.cpu_count + 1, sizeof(uint32_t));
    if (ids == NULL) {
        return STATUS_NO_MEMORY;
    }
    ids[0] = boot_apic_id;
    p->cpu_count = 1;
    for (size_t i = 0; i < p->machine.madt.cpu_count && p->cpu_count < cpu_limit; i++) {
        const struct madt_cpu *cpu = &p->machine.madt.cpus[i];
        if (cpu->enabled && cpu->apic_id != boot_apic_id) {
            ids[p->cpu_count++] = cpu->apic_id;
        }
    }
    p->apic_ids = ids;
    if (p->cpu_count > CPU_MAX) {
        diag_add(&p->diags, MACHINE_DIAG_TOO_MANY_CPUS, DIAG_ERROR, "MADT", "start with max-cpus=64",
                 "this machine has %zu CPUs, Bulkhead drives at most %u", p->cpu_count, CPU_MAX);
    }
    return STATUS_OK;
}

enum status platform_read(struct platform *platform, const struct boot_info *boot, uint32_t boot_apic_id,
                          size_t cpu_limit)
{
    platform->diags = diag_list_make(platform->diag_items, PLATFORM_DIAGS_MAX);
    enum status status = make_arena(&platform->arena);
    if (status == STATUS_OK) {
        status = machine_read_tables(&platform->machine, boot->rsdp, boot->rsdp_length, &boot->memory, &platform->arena,
                                     &platform->diags);
    }
    return status == STATUS_OK ? list_cpus(platform, boot_apic_id, cpu_limit) : status;
}

uint16_t platform_pm_timer_port(const struct platform *platform)
{
    const struct fadt_register *timer = &platform->machine.fadt.pm_timer;
    bool usable = timer->present && timer->space == FADT_SPACE_IO && timer->address <= UINT16_MAX;
    return usable ? (uint16_t)timer->address : 0;
}

bool platform_needs_x2apic(const struct platform *platform)
{
    for (size_t i = 0; i < platform->cpu_count; i++) {
        if (platform->apic_ids[i] > XAPIC_ID_MAX) {
            return true;
        }
    }
    return false;
}

enum status platform_use_reset(const struct platform *platform)
{
    const struct fadt_register *r = &platform->machine.fadt.reset;
    struct power_reset_register reset = {POWER_NONE, r->address, platform->machine.fadt.reset_value};
    if (!r->present) {
        return STATUS_OK;
    }
    switch (r->space) {
    case FADT_SPACE_IO:
        reset.space = POWER_PORT;
        break;
    case FADT_SPACE_PCI:
        reset.space = POWER_PCI;
        break;
    case FADT_SPACE_MEMORY: {
        enum status status = mmio_map(hpa(r->address), 1);
        if (status != STATUS_OK) {
            return status;
        }
        reset.space = POWER_MMIO;
        break;
    }
    }
    power_use_reset_register(reset);
    return STATUS_OK;
}

static bool is_port(const struct fadt_register *r)
{
    return r->present && r->space == FADT_SPACE_IO;
}

static const char *find_off(struct platform *p, struct power_off_way *way)
{
    const struct fadt *fadt = &p->machine.fadt;
    struct acpi_view dsdt;
    struct acpi_sleep s5 = {0};
    if (fadt->hardware_reduced || !is_port(&fadt->pm1a_control)) {
        return "this machine has no PM1 control register at an I/O port";
    }
    if (acpi_view_at(fadt->dsdt, "DSDT", &dsdt, &p->diags) != STATUS_OK) {
        return "this machine has no sound DSDT";
    }
    if (acpi_sleep_s5(dsdt.bytes + ACPI_HEADER_BYTES, dsdt.length - ACPI_HEADER_BYTES, &s5) != STATUS_OK) {
        return "the DSDT has no \\_S5 that can be read without running AML";
    }
    *way = (struct power_off_way){
        .pm1a = (uint16_t)fadt->pm1a_control.address,
        .pm1b = is_port(&fadt->pm1b_control) ? (uint16_t)fadt->pm1b_control.address : 0,
        .type_a = s5.type_a,
        .type_b = s5.type_b,
        .smi_command = fadt->smi_command,
        .acpi_enable = fadt->acpi_enable,
    };
    return NULL;
}

void platform_use_off(struct platform *platform)
{
    struct power_off_way way;
    const char *why_not = find_off(platform, &way);
    if (why_not == NULL) {
        power_use_off(way);
    } else {
        power_refuse_off(why_not);
        log_info("power: off=no text=\"%s\"", why_not);
    }
}

enum status platform_open_pci(const struct platform *platform)
{
    const struct mcfg *mcfg = &platform->machine.mcfg;
    for (size_t i = 0; i < mcfg->count; i++) {
        const struct pci_ecam *w = &mcfg->windows[i];
        uint64_t buses = UINT64_C(1) + w->last_bus - w->first_bus;
        enum status status = mmio_map(hpa_add(w->base, w->first_bus * MIB), buses * MIB);
        if (status != STATUS_OK) {
            return status;
        }
    }
    pci_config_use_ecam(mcfg->windows, mcfg->count);
    return STATUS_OK;
}
