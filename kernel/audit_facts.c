/* SPDX-License-Identifier: GPL-2.0-only
 * From machine and guests to the auditor's facts. */
#include "kernel/audit_facts.h"

#include "drivers/msix.h"
#include "kernel/audit_firmware.h"
#include "kernel/core/percpu.h"
#include "kernel/core/vectors.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "plan/groups.h"
#include "vtd/scope.h"

#define MSR_PAT 0x277u
#define PARTS_OF_DEVICE 16u /* BARs, each in two parts at most, and slack */
#define IOAPIC_WINDOW 0x20u /* index and data registers, a page with the rest */
#define HPET_WINDOW 1024u
#define ECAM_BUS MIB
#define INTERRUPT_WINDOW UINT64_C(0xfee00000)

static size_t count_devices(const struct audit_facts_input *in)
{
    size_t devices = 0;
    for (size_t i = 0; i < in->guest_count; i++) {
        devices += in->guests[i]->request.device_count;
    }
    return devices;
}

static size_t count_cpus(const struct audit_facts_input *in)
{
    size_t cpus = 0;
    for (size_t i = 0; i < in->guest_count; i++) {
        cpus += in->guests[i]->vm.cpu_count;
    }
    return cpus;
}

/* Parts of RAM that watching adds. */
static size_t count_watched(const struct audit_facts_input *in)
{
    size_t ranges = 0;
    for (size_t i = 0; i < in->guest_count; i++) {
        ranges += in->guests[i]->request.watch.count;
    }
    return 2 * (ranges + in->guest_count * GUEST_SLOTS_MAX);
}

static struct audit_limits limits_of(const struct audit_facts_input *in)
{
    const struct machine *m = in->machine;
    return (struct audit_limits){
        .ranges = in->guest_count * (GUEST_SLOTS_MAX + 1) + count_watched(in) + count_devices(in) * PARTS_OF_DEVICE +
                  2 * m->dmar.rmrr_count,
        .devices = m->dmar.unit_count + m->madt.ioapic_count + m->hpet_count + m->pci.window_count + 1,
        .sources = count_devices(in) * GROUP_SOURCES_MAX + m->pci.count,
        .senders = count_devices(in) + m->madt.ioapic_count + m->hpet_count,
        .posted = count_cpus(in),
    };
}

size_t audit_facts_bytes(const struct audit_facts_input *input)
{
    struct audit_limits l = limits_of(input);
    size_t most = sizeof(struct audit_range) > sizeof(struct audit_forbidden) ? sizeof(struct audit_range)
                                                                              : sizeof(struct audit_forbidden);
    return (l.ranges + l.devices + MEMORY_MAP_MAX) * most * 5 +
           (l.sources + l.senders + l.posted) * sizeof(struct audit_posted) +
           (input->guest_count + input->machine->dmar.rmrr_count) *
               (sizeof(struct audit_owner) + AUDIT_MAKER_NAME_SIZE + sizeof(uint32_t) + 32) +
           input->isolate->vtd.count * sizeof(struct audit_unit) + CPU_MAX * sizeof(uint32_t) + 4 * KIB;
}

static unsigned address_bits(void)
{
    unsigned bits = cpu_cpuid(0x80000000, 0).eax >= 0x80000008 ? cpu_cpuid(0x80000008, 0).eax & 0xff : 36;
    return bits > 52 ? 52 : bits;
}

static void add_ram(struct audit_maker *k, uint32_t owner, uint64_t start, uint64_t end, uint8_t write)
{
    if (start < end) {
        audit_describe_range(&k->d, (struct audit_range){start, end, owner, AUDIT_RAM,
                                                         (uint8_t)(AUDIT_READ | AUDIT_EXECUTE | write),
                                                         (uint8_t)(AUDIT_READ | write)});
    }
}

/* The first watched part at or behind `at` (guest-physical), below `end`; size 0: none. */
static struct watch_range next_watched(const struct watch_rules *rules, uint64_t at, uint64_t end)
{
    struct watch_range next = {end, 0};
    for (size_t i = 0; i < rules->count; i++) {
        const struct watch_range *r = &rules->ranges[i];
        uint64_t start = r->start > at ? r->start : at;
        uint64_t stop = r->start + r->size < end ? r->start + r->size : end;
        if (start < stop && start < next.start) {
            next = (struct watch_range){start, stop - start};
        }
    }
    return next;
}

/* A slot of RAM. What is armed from the start on must not be writable then, for vCPUs and devices. */
static void add_slot(struct audit_maker *k, uint32_t owner, const struct guest_slot *slot,
                     const struct watch_rules *rules)
{
    uint64_t at = slot->base.v, end = slot->base.v + slot->size;
    uint64_t offset = slot->backing.v - slot->base.v; /* wraps where the backing is lower */
    while (at < end) {
        struct watch_range w = {end, 0};
        if (rules->armed && rules->after_ns == 0) {
            w = next_watched(rules, at, end);
        }
        add_ram(k, owner, at + offset, w.start + offset, AUDIT_WRITE);
        add_ram(k, owner, w.start + offset, w.start + w.size + offset, 0);
        at = w.start + w.size;
    }
}

/* Guests' memory and pages. */
static void add_guest(struct audit_maker *k, uint32_t owner)
{
    const struct vm_owned *g = k->in->guests[owner];
    const struct radix_format *format = g->request.backend->nested_format;
    struct audit_owner *o = &k->owners[owner];
    *o = (struct audit_owner){.name = g->vm.name,
                              .format = format == &radix_ept ? AUDIT_EPT : AUDIT_NPT,
                              .root = g->vm.nested.root.v,
                              .levels = g->vm.nested.levels,
                              .max_leaf = g->request.backend->nested_max_leaf()};
    for (unsigned i = 0; i < g->request.cpu_count; i++) {
        o->cpus |= BIT64(g->request.cpus[i]);
        audit_describe_posted(&k->d, (struct audit_posted){virt_to_phys(&g->vm.cpus[i].lapic.posted).v, owner});
    }
    for (size_t i = 0; i < g->vm.memory.count; i++) {
        add_slot(k, owner, &g->vm.memory.slots[i], &g->request.watch);
    }
    if (g->vm.apic_access.v != 0) {
        uint64_t page = g->vm.apic_access.v;
        audit_describe_range(
            &k->d, (struct audit_range){page, page + PAGE_SIZE, owner, AUDIT_PAGES, AUDIT_READ | AUDIT_WRITE, 0});
    }
}

static void add_registers(struct audit_maker *k, uint32_t owner, uint64_t start, uint64_t end)
{
    if (start < end) {
        audit_describe_range(&k->d, (struct audit_range){start, end, owner, AUDIT_REGISTERS, AUDIT_READ | AUDIT_WRITE,
                                                         AUDIT_READ | AUDIT_WRITE});
    }
}

/* Registers are the guest's but for the pages with its MSI-X table, which are emulated. */
static void add_bar(struct audit_maker *k, uint32_t owner, const struct pci_bar *bar, const struct msix_table *msix)
{
    uint64_t end = bar->address + bar->size;
    uint64_t hidden_start = end, hidden_end = end;
    if (msix != NULL) {
        hidden_start = align_down(bar->address + msix->table_offset, PAGE_SIZE);
        hidden_end = align_up(bar->address + msix->table_offset + (uint64_t)msix->count * MSIX_ENTRY_BYTES, PAGE_SIZE);
    }
    add_registers(k, owner, bar->address, hidden_start);
    add_registers(k, owner, hidden_end, end);
}

static void add_bars(struct audit_maker *k, uint32_t owner, const struct pci_function *f)
{
    struct msix_table msix;
    bool has_msix = msix_locate(f, &msix, NULL) == STATUS_OK;
    for (unsigned i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *bar = &f->bars[i];
        bool memory = bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64;
        if (memory && bar->assigned && bar->size >= PAGE_SIZE) { /* smaller ones are shown by trap at most */
            add_bar(k, owner, bar, has_msix && msix.table_bar == i ? &msix : NULL);
        }
    }
}

static void add_device(struct audit_maker *k, uint32_t owner, const struct vm_device *device)
{
    const struct plan_device *p = device->plan;
    uint32_t unit = device->unit->index;
    add_bars(k, owner, device->function);
    for (size_t i = 0; i < p->source_count; i++) {
        audit_describe_source(&k->d, (struct audit_source){unit, sbdf_rid(p->sources[i]), owner, false, p->ats});
    }
    struct audit_sender sender = {unit, 1, 0, sbdf_rid(p->message_source), owner};
    if (p->bus_interrupts) {
        sender.svt = 2;
        sender.sid = (uint16_t)((unsigned)p->first_bus << 8 | p->last_bus);
    }
    audit_describe_sender(&k->d, sender);
}

static void add_sender_of(struct audit_maker *k, enum dmar_scope_type type, uint8_t id, uint8_t sq)
{
    const struct machine *m = k->in->machine;
    struct scope_bus_view view = machine_bus_view(m);
    struct sbdf source;
    size_t index = 0;
    if (scope_unit_of_id(&m->dmar, &view, type, id, &index, &source) == STATUS_OK &&
        k->in->isolate->vtd_index[index] != ISOLATE_NO_UNIT) {
        audit_describe_sender(
            &k->d, (struct audit_sender){k->in->isolate->vtd_index[index], 1, sq, sbdf_rid(source), AUDIT_HOST});
    }
}

static void add_platform(struct audit_maker *k)
{
    const struct machine *m = k->in->machine;
    for (size_t i = 0; i < m->dmar.unit_count; i++) {
        const struct dmar_unit *u = &m->dmar.units[i];
        audit_describe_device(&k->d, u->base.v, u->base.v == 0 ? 0 : u->window, "remapping unit");
    }
    for (size_t i = 0; i < m->madt.ioapic_count; i++) {
        audit_describe_device(&k->d, m->madt.ioapics[i].base.v, IOAPIC_WINDOW, "I/O APIC");
        add_sender_of(k, DMAR_SCOPE_IOAPIC, m->madt.ioapics[i].id, 0);
    }
    for (size_t i = 0; i < m->hpet_count; i++) {
        audit_describe_device(&k->d, m->hpets[i].base.v, HPET_WINDOW, "HPET");
    }
    for (size_t i = 0; i < m->mcfg.count; i++) {
        const struct pci_ecam *w = &m->mcfg.windows[i];
        audit_describe_device(&k->d, w->base.v + w->first_bus * ECAM_BUS,
                              ((uint64_t)w->last_bus - w->first_bus + 1) * ECAM_BUS, "PCI configuration space");
    }
    audit_describe_device(&k->d, INTERRUPT_WINDOW, MIB, "interrupt addresses");
}

static enum status add_units(struct audit_maker *k)
{
    const struct vtd *v = &k->in->isolate->vtd;
    struct audit_unit *units = arena_array(k->arena, v->count, sizeof(*units));
    uint32_t *apic_ids = arena_array(k->arena, CPU_MAX, sizeof(*apic_ids));
    if (units == NULL || apic_ids == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (unsigned i = 0; i < v->count; i++) {
        units[i] = (struct audit_unit){v->units[i].base.v, v->units[i].segment, v->units[i].remapping};
    }
    for (unsigned i = 0; i < cpu_count(); i++) {
        apic_ids[i] = percpu_at(i)->apic_id;
    }
    struct audit_facts *f = &k->d.facts;
    f->units = units;
    f->unit_count = v->count;
    f->apic_ids = apic_ids;
    f->cpu_count = cpu_count();
    f->vector_first = VECTOR_DEVICE_FIRST;
    f->vector_last = VECTOR_DEVICE_LAST;
    f->address_bits = address_bits();
    f->pat = msr_read(MSR_PAT);
    return STATUS_OK;
}

/* A guest's devices reach them one to one, its vCPUs do not. */
static void add_guest_regions(struct audit_maker *k, uint32_t owner)
{
    const struct vm_request *request = &k->in->guests[owner]->request;
    for (size_t i = 0; i < request->reserved_count; i++) {
        const struct dmar_rmrr *r = &request->dmar->rmrrs[request->reserved[i].rmrr];
        audit_describe_range(&k->d, (struct audit_range){r->start, r->start + r->size, owner, AUDIT_RESERVED, 0,
                                                         AUDIT_READ | AUDIT_WRITE});
    }
}

static void add_guests(struct audit_maker *k)
{
    for (uint32_t i = 0; i < k->in->guest_count; i++) {
        const struct vm_request *r = &k->in->guests[i]->request;
        add_guest(k, i);
        add_guest_regions(k, i);
        for (size_t n = 0; n < r->device_count; n++) {
            add_device(k, i, &r->devices[n]);
        }
    }
}

enum status audit_facts_make(const struct audit_facts_input *input, struct arena *arena, struct audit_facts *out)
{
    struct audit_maker k = {.in = input, .arena = arena, .owner_count = input->guest_count};
    struct audit_limits limits = limits_of(input);
    size_t regions = input->machine->dmar.rmrr_count;
    k.owners = arena_array(arena, input->guest_count + regions, sizeof(*k.owners));
    k.region_owner = arena_array(arena, regions, sizeof(*k.region_owner));
    enum status status = audit_describe_begin(&k.d, &limits, arena);
    status = status == STATUS_OK ? add_units(&k) : status;
    if (status != STATUS_OK || k.owners == NULL || k.region_owner == NULL) {
        return STATUS_NO_MEMORY;
    }
    add_guests(&k);
    audit_firmware_add(&k);
    add_platform(&k);
    status = audit_describe_end(&k.d, input->machine->memory);
    *out = k.d.facts;
    out->owners = k.owners;
    out->owner_count = k.owner_count;
    return status;
}
