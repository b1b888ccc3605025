/* SPDX-License-Identifier: GPL-2.0-only
 * A machine for the planner. */
#include "tests/fake/plan_rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ARENA_BYTES (4 * MIB)
#define ALL_ACS 0x1d /* source validation, both redirects, upstream forwarding */

struct plan_rig plan_rig;

static struct config config;
static uint8_t memory[ARENA_BYTES] __attribute__((aligned(16)));

int plan_rig_start(void **state)
{
    (void)state;
    struct plan_rig *r = &plan_rig;
    memset(r, 0, sizeof(*r));
    r->io_hop = (struct dmar_hop){31, 7};
    r->io_scope = (struct dmar_scope){.type = DMAR_SCOPE_IOAPIC, .hops = &r->io_hop, .hop_count = 1};
    r->units[0] =
        (struct dmar_unit){.base = {0xfed90000}, .window = PAGE_SIZE, .include_all = true, .scopes = {&r->io_scope, 1}};
    r->ioapic = (struct madt_ioapic){.base = {0xfec00000}};
    r->memory.ranges[0] = (struct memory_range){0, 0x7000000, MEMORY_RAM};
    r->memory.count = 1;
    r->machine = (struct machine){
        .madt = {.lapic_base = {0xfee00000}, .ioapics = &r->ioapic, .ioapic_count = 1},
        .pci = {.functions = r->functions},
        .has_dmar = true,
        .dmar = {.units = r->units, .unit_count = 1, .rmrrs = r->rmrrs},
        .memory = &r->memory,
    };
    r->facts = (struct plan_facts){
        .machine = &r->machine,
        .remapping = true,
        .console_gsi = PLAN_NO_GSI,
        .gsis = r->gsis,
        .hints = r->hints,
        .limits = {.devices_max = 32,
                   .reserved_max = 16,
                   .memory_max = 64 * GIB,
                   .low_ram_end = 0xc0000000,
                   .bar_low_start = 0xc0000000,
                   .bar_low_bytes = 512 * MIB,
                   .bar_high_bytes = 64 * GIB},
    };
    memset(r->gsis, 0xff, sizeof(r->gsis));
    memset(r->hints, 0xff, sizeof(r->hints));
    return 0;
}

static uint32_t bridge_above(uint8_t bus)
{
    for (uint32_t i = 0; i < plan_rig.machine.pci.count; i++) {
        if (plan_rig.functions[i].bridge && plan_rig.functions[i].secondary == bus) {
            return i;
        }
    }
    return PCI_NO_INDEX;
}

struct pci_function *plan_rig_device(const char *at)
{
    struct pci_function *f = &plan_rig.functions[plan_rig.machine.pci.count];
    if (!sbdf_parse(at, strlen(at), &f->at)) {
        return NULL;
    }
    f->parent = bridge_above(sbdf_bus(f->at));
    f->vendor = 0x8086;
    f->device = 0x1521;
    f->class_code = 0x020000;
    f->express = f->parent == PCI_NO_INDEX ? PCI_EXPRESS_NONE : PCI_EXPRESS_ENDPOINT;
    f->cap.express = f->parent == PCI_NO_INDEX ? 0 : 0x40;
    f->cap.msi = 0x60;
    f->has_flr = true;
    f->interrupt_pin = 1;
    plan_rig.machine.pci.count++;
    return f;
}

struct pci_function *plan_rig_port(const char *at, uint8_t secondary, bool isolates)
{
    struct pci_function *f = plan_rig_device(at);
    f->class_code = 0x060400;
    f->vendor = 0x1b36;
    f->header = 1;
    f->bridge = true;
    f->secondary = f->subordinate = secondary;
    f->express = PCI_EXPRESS_ROOT_PORT;
    f->cap.express = 0x40;
    f->has_flr = false;
    f->cap.acs = isolates ? 0x100 : 0;
    f->acs_cap = f->acs_control = isolates ? ALL_ACS : 0;
    return f;
}

void plan_rig_bar(struct pci_function *f, unsigned index, uint64_t address, uint64_t size)
{
    f->bars[index] =
        (struct pci_bar){.kind = PCI_BAR_MEM32, .assigned = address != 0, .address = address, .size = size};
}

void plan_rig_reserve(uint64_t start, uint64_t size, const char *first, const char *second)
{
    struct plan_rig *r = &plan_rig;
    size_t n = r->machine.dmar.rmrr_count++;
    const char *names[] = {first, second};
    r->rmrrs[n] = (struct dmar_rmrr){.base = start, .limit = start + size - 1, .start = start, .size = size};
    r->rmrrs[n].scopes = (struct dmar_scopes){&r->scopes[2 * n], second == NULL ? 1 : 2};
    for (size_t i = 0; i < ARRAY_LENGTH(names) && i < r->rmrrs[n].scopes.count; i++) {
        struct sbdf at = {0};
        if (names[i] != NULL && sbdf_parse(names[i], strlen(names[i]), &at)) {
            r->hops[2 * n + i] = (struct dmar_hop){sbdf_device(at), sbdf_function(at)};
        }
        r->scopes[2 * n + i] =
            (struct dmar_scope){.type = DMAR_SCOPE_ENDPOINT, .hops = &r->hops[2 * n + i], .hop_count = 1};
    }
}

enum status plan_rig_plan(const char *text)
{
    struct plan_rig *r = &plan_rig;
    struct arena arena = arena_make(memory, sizeof(memory));
    r->diags = diag_list_make(r->items, PLAN_RIG_DIAGS);
    enum status status = config_parse(text, strlen(text), "g.toml", &config, &r->diags);
    status = status == STATUS_OK ? groups_make(&r->machine.pci, &arena, &r->machine.groups) : status;
    return status == STATUS_OK ? plan_devices(&r->facts, &config, "g.toml", &arena, &r->plan, &r->diags) : status;
}

const char *plan_rig_text(void)
{
    static char text[PLAN_RIG_DIAGS * 640];
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < plan_rig.diags.count && used + 640 < sizeof(text); i++) {
        used += diag_line(&plan_rig.items[i], text + used, sizeof(text) - used);
        text[used++] = '\n';
        text[used] = 0;
    }
    return text;
}
