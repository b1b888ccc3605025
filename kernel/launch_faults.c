/* SPDX-License-Identifier: GPL-2.0-only
 * The machine's answers to service/fault_events.h. */
#include "kernel/launch_faults.h"

#include "drivers/pci_quiesce.h"
#include "drivers/vmd.h"
#include "guest/device_stop.h"
#include "guest/vm_order.h"
#include "kernel/core/power.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/format.h"
#include "plan/plan_source.h"
#include "service/fault_events.h"

#define DEVICE_NAME_SIZE 10 /* "8086:10d3" */
#define PLACE_SIZE 40       /* "BAR 0 of 0000:00:04.0" */

/* Places of faults.ranges that are filled for each fault, the others stand. */
enum {
    RANGE_RESERVED,
    RANGE_REGISTERS,
    RANGE_FIRST,
};

static struct {
    struct launch_faults_parts parts;
    struct fault_events events;
    struct vtd_fault_listener listener; /* its ears */
    struct policy_device *policies;     /* as parts.plan->devices */
    struct forensics_range *ranges;
    size_t range_count;
    /* Of the last fault. */
    struct forensics_ram ram[GUEST_SLOTS_MAX];
    char device[DEVICE_NAME_SIZE];
    char source[SBDF_TEXT_SIZE], reserved[SBDF_TEXT_SIZE], registers[SBDF_TEXT_SIZE];
    char before[PLACE_SIZE];
} faults;

static const struct plan_device *find_device(struct sbdf source)
{
    const struct plan *plan = faults.parts.plan;
    return plan_source_owner(plan->devices, plan->device_count, source);
}

static const struct pci_function *find_function(const struct plan_device *d, struct sbdf source)
{
    const struct pci_facts *pci = &faults.parts.machine->pci;
    uint32_t index = d != NULL ? d->function : pci_find_index(pci, source);
    return index == PCI_NO_INDEX ? NULL : &pci->functions[index];
}

/* --- whose it is */

static void subject(void *context, struct sbdf source, struct fault_subject *out)
{
    (void)context;
    const struct plan_device *d = find_device(source);
    const struct pci_function *f = find_function(d, source);
    *out = (struct fault_subject){0};
    if (f != NULL) {
        format_text(faults.device, sizeof(faults.device), "%04x:%04x", f->vendor, f->device);
        out->owner.device = faults.device;
    }
    if (d != NULL) {
        out->owner.guest = faults.parts.config->guests[d->guest].name.text;
        out->policy = &faults.policies[d - faults.parts.plan->devices];
    }
}

/* --- what is known */

static struct forensics_range reserved_at(uint64_t address, struct sbdf source, bool *for_it)
{
    const struct machine *m = faults.parts.machine;
    struct scope_bus_view view = machine_bus_view(m);
    for (size_t i = 0; i < m->dmar.rmrr_count; i++) {
        const struct dmar_rmrr *r = &m->dmar.rmrrs[i];
        if (address < r->start || address - r->start >= r->size) {
            continue;
        }
        *for_it = scope_names(&r->scopes, r->segment, &view, source);
        struct forensics_range range = {r->start, r->size, FORENSICS_RESERVED, NULL};
        for (size_t k = 0; range.name == NULL && k < m->pci.count; k++) {
            if (!m->pci.functions[k].bridge && scope_names(&r->scopes, r->segment, &view, m->pci.functions[k].at)) {
                range.name = sbdf_text(m->pci.functions[k].at, faults.reserved);
            }
        }
        return range;
    }
    *for_it = false;
    return (struct forensics_range){.size = 0};
}

/* The BAR that holds a host address; bar->size 0: none. */
static const struct pci_function *find_bar(uint64_t address, unsigned *bar)
{
    const struct pci_facts *pci = &faults.parts.machine->pci;
    for (size_t i = 0; i < pci->count; i++) {
        for (*bar = 0; *bar < PCI_BARS; (*bar)++) {
            const struct pci_bar *b = &pci->functions[i].bars[*bar];
            bool memory = b->kind == PCI_BAR_MEM32 || b->kind == PCI_BAR_MEM64;
            if (memory && b->assigned && address >= b->address && address - b->address < b->size) {
                return &pci->functions[i];
            }
        }
    }
    return NULL;
}

static struct forensics_range registers_at(uint64_t address)
{
    unsigned bar = 0;
    const struct pci_function *f = find_bar(address, &bar);
    if (f == NULL) {
        return (struct forensics_range){.size = 0};
    }
    return (struct forensics_range){f->bars[bar].address, f->bars[bar].size, FORENSICS_REGISTERS,
                                    sbdf_text(f->at, faults.registers)};
}

static void know_history(struct vm_owned *owned, struct forensics_facts *out)
{
    unsigned bar = 0;
    char at[SBDF_TEXT_SIZE];
    if (!vtd_history_find(&owned->domain.gone, out->fault.address, &out->gone)) {
        return;
    }
    const struct pci_function *f = find_bar(out->gone.to.v, &bar);
    if (f != NULL) {
        format_text(faults.before, sizeof(faults.before), "BAR %u of %s", bar, sbdf_text(f->at, at));
        out->before_at = faults.before;
    }
}

static void know_guest(const struct plan_device *d, const struct pci_function *f, struct forensics_facts *out)
{
    struct vm_owned *owned = faults.parts.guests[d->guest];
    const struct guest_memory *memory = &owned->vm.memory;
    out->guest = owned->vm.name;
    out->stopped = device_is_stopped(owned, f->at);
    out->kernel_at = owned->vm.first_entry.rip;
    for (size_t i = 0; i < memory->count; i++) {
        faults.ram[i] = (struct forensics_ram){memory->slots[i].base.v, memory->slots[i].size};
    }
    out->ram = faults.ram;
    out->ram_count = memory->count;
    if (owned->has_domain) {
        know_history(owned, out);
    }
}

static void facts(void *context, const struct vtd_fault *fault, struct forensics_facts *out)
{
    (void)context;
    const struct plan_device *d = find_device(fault->source);
    const struct pci_function *f = find_function(d, fault->source);
    *out = (struct forensics_facts){.fault = *fault, .is_function = f != NULL, .now_ns = time_now_ns()};
    out->device = sbdf_text(f != NULL ? f->at : fault->source, faults.source);
    out->vmd = f != NULL && vmd_is_endpoint(f);
    faults.ranges[RANGE_RESERVED] = reserved_at(fault->address, fault->source, &out->reserved_for_it);
    faults.ranges[RANGE_REGISTERS] = registers_at(fault->address);
    out->ranges = faults.ranges;
    out->range_count = faults.range_count;
    if (d != NULL) {
        know_guest(d, f, out);
    }
}

/* --- what is done */

/* At once, by one write: the device sends nothing more. The rest is its guest's first vCPU's to do. */
static enum status stop_one(const struct plan_device *d)
{
    const struct pci_function *f = &faults.parts.machine->pci.functions[d->function];
    pci_bus_master_set(&faults.parts.machine->pci, f, false);
    return vm_order_device(faults.parts.guests[d->guest], f->at, true);
}

/* Behind a conventional bridge several send with one id: which of them it was nobody knows. */
static enum status stop_all(const struct plan_device *owner, struct sbdf source)
{
    const struct plan *plan = faults.parts.plan;
    bool own = sbdf_equal(owner->sources[0], source);
    enum status result = STATUS_OK;
    for (size_t i = 0; i < plan->device_count; i++) {
        const struct plan_device *d = &plan->devices[i];
        if (d == owner || (!own && plan_source_sends(d, source))) {
            enum status status = stop_one(d);
            result = result == STATUS_OK ? status : result;
        }
    }
    return result;
}

static enum status act(void *context, struct sbdf source, enum config_on_fault action)
{
    (void)context;
    const struct plan_device *d = find_device(source);
    if (action == CONFIG_FAULT_REBOOT) {
        power_reset();
    }
    if (action == CONFIG_FAULT_STOP_DEVICE) {
        return stop_all(d, source);
    }
    pci_bus_master_set(&faults.parts.machine->pci, find_function(d, source), false);
    return vm_order_guest(faults.parts.guests[d->guest], VM_ORDER_RECOVER, "policy");
}

/* --- before it starts */

static void add_range(uint64_t start, uint64_t size, enum forensics_kind kind, const char *name)
{
    faults.ranges[faults.range_count++] = (struct forensics_range){start, size, kind, name};
}

static enum forensics_kind kind_of(enum memory_kind kind)
{
    bool ours = kind == MEMORY_RAM || kind == MEMORY_LOADER || kind == MEMORY_HYPERVISOR;
    return ours ? FORENSICS_HYPERVISOR : FORENSICS_FIRMWARE;
}

/* Guests first: what is left of the RAM is the hypervisor's. */
static enum status fill_ranges(const struct launch_faults_parts *p)
{
    const struct memory_map *map = p->machine->memory;
    size_t most = RANGE_FIRST + p->plan->guest_count * GUEST_SLOTS_MAX + map->count;
    faults.ranges = arena_array(p->arena, most, sizeof(*faults.ranges));
    if (faults.ranges == NULL) {
        return STATUS_NO_MEMORY;
    }
    faults.range_count = RANGE_FIRST;
    for (size_t i = 0; i < p->plan->guest_count; i++) {
        const struct guest_memory *memory = &p->guests[i]->vm.memory;
        for (size_t k = 0; k < memory->count; k++) {
            add_range(memory->slots[k].backing.v, memory->slots[k].size, FORENSICS_GUEST, p->guests[i]->vm.name);
        }
    }
    for (size_t i = 0; i < map->count; i++) {
        add_range(map->ranges[i].start, map->ranges[i].end - map->ranges[i].start, kind_of(map->ranges[i].kind), NULL);
    }
    return STATUS_OK;
}

static enum status fill_policies(const struct launch_faults_parts *p)
{
    faults.policies = arena_array(p->arena, p->plan->device_count + 1, sizeof(*faults.policies));
    if (faults.policies == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < p->plan->device_count; i++) {
        const struct plan_device *d = &p->plan->devices[i];
        const struct pci_function *f = &p->machine->pci.functions[d->function];
        faults.policies[i] = (struct policy_device){
            .rules = fault_rules_of(p->config, &p->config->guests[d->guest], f->at, f->vendor, f->device)};
    }
    return STATUS_OK;
}

/* A write to what its guest watches is told as such. Where that is allowed it is nothing that the policy counts. */
static void heard(void *context, const struct vtd_fault *fault)
{
    const struct plan_device *d = find_device(fault->source);
    struct vm_owned *owned = d == NULL ? NULL : faults.parts.guests[d->guest];
    bool writes = fault->access == VTD_FAULT_WRITE || fault->access == VTD_FAULT_ATOMIC;
    if (owned != NULL && owned->vm.memory.watch != NULL && writes) {
        const struct watch_device_write write = {fault->address, fault->source, fault->unit};
        if (watch_device_write(&owned->watch, write) && owned->watch.rules.allow) {
            return;
        }
    }
    faults.listener.fault(context, fault);
}

enum status launch_faults_start(const struct launch_faults_parts *parts)
{
    const struct fault_events_ops ops = {subject, facts, act, NULL};
    faults.parts = *parts;
    enum status status = fill_ranges(parts);
    status = status == STATUS_OK ? fill_policies(parts) : status;
    if (status != STATUS_OK) {
        return status;
    }
    fault_events_init(&faults.events, &ops);
    faults.listener = fault_events_listener(&faults.events);
    struct vtd_fault_listener listener = faults.listener;
    listener.fault = heard;
    uint64_t flags = cpu_irq_save();
    vtd_fault_watch_listen(&parts->isolate->watch, &listener);
    cpu_irq_restore(flags);
    return STATUS_OK;
}

uint64_t launch_faults_count(struct sbdf source, bool *lower_bound)
{
    return fault_events_count(&faults.events, source, lower_bound);
}
