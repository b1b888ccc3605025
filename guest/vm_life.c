/* SPDX-License-Identifier: GPL-2.0-only
 * The life of a guest. */
#include "guest/vm_life.h"

#include "guest/assign.h"
#include "guest/vm_apic.h"
#include "guest/vm_cpuid.h"
#include "guest/vm_entry.h"
#include "guest/vm_memory.h"
#include "kernel/core/log.h"
#include "kernel/core/percpu.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"

#define SCRUB_STEP (1 * MIB)

static struct vm_owned *owner_of(const struct vm_cpu *cpu)
{
    return (struct vm_owned *)((uint8_t *)cpu->vm - offsetof(struct vm_owned, vm));
}

static unsigned round_of(const struct vm_cpu *cpu)
{
    return __atomic_load_n(&owner_of(cpu)->barrier_round, __ATOMIC_ACQUIRE);
}

bool vm_life_pending(const struct vm_cpu *cpu)
{
    switch (cpu->life) {
    case VM_LIFE_NEW:
    case VM_LIFE_RESTARTS:
        return true;
    case VM_LIFE_RUNS:
        return vm_is_stopping(cpu->vm);
    case VM_LIFE_WAITS:
        return round_of(cpu) != cpu->round;
    case VM_LIFE_ENDED:
        break;
    }
    return false;
}

bool vm_life_has_ended(const struct vm_owned *owned)
{
    return __atomic_load_n(&owned->ended, __ATOMIC_ACQUIRE);
}

void vm_life_set_clock(struct vm_owned *owned)
{
    owned->vm.start_ns = time_now_ns();
    owned->vm.start_tsc = cpu_tsc();
}

static const char *end_text(enum vm_end end)
{
    static const char *const words[] = {"running", "powered-off", "reset", "crashed", "refused"};
    return words[end];
}

static void log_end(const struct vm *vm)
{
    uint64_t sums[VM_COUNTS] = {0};
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        for (unsigned k = 0; k < VM_COUNTS; k++) {
            sums[k] += vm->cpus[i].counts[k];
        }
    }
    log_info("guest: name=%s end=%s exits-device=%llu interrupt=%llu window=%llu io=%llu mmio=%llu eoi=%llu ipi=%llu "
             "timer=%llu cpuid=%llu msr=%llu hlt=%llu other=%llu device-interrupts=%llu unknown-ports=%llu "
             "entered-ns=%llu",
             vm->name, end_text(vm->end), (unsigned long long)sums[VM_COUNT_DEVICE],
             (unsigned long long)sums[VM_COUNT_INTERRUPT], (unsigned long long)sums[VM_COUNT_WINDOW],
             (unsigned long long)sums[VM_COUNT_IO], (unsigned long long)sums[VM_COUNT_MMIO],
             (unsigned long long)sums[VM_COUNT_EOI], (unsigned long long)sums[VM_COUNT_IPI],
             (unsigned long long)sums[VM_COUNT_TIMER], (unsigned long long)sums[VM_COUNT_CPUID],
             (unsigned long long)sums[VM_COUNT_MSR], (unsigned long long)sums[VM_COUNT_HLT],
             (unsigned long long)sums[VM_COUNT_OTHER], (unsigned long long)vm->device_interrupts,
             (unsigned long long)bus_unknown_count(&vm->platform.ports), (unsigned long long)vm->entered_ns);
    if (vm->end == VM_CRASHED || vm->end == VM_REFUSED) {
        log_error("guest: name=%s %s why=\"%s\"", vm->name, end_text(vm->end), vm->why);
    }
}

static void detach_devices(struct vm_owned *owned)
{
    const struct vm_request *r = &owned->request;
    enum status each[GUEST_PCI_SLOTS]; /* attaching more was refused */
    assign_detach(&owned->vm.platform.pci, r->devices, r->device_count, each);
    for (size_t i = 0; i < r->device_count; i++) {
        char text[SBDF_TEXT_SIZE];
        log_info("guest: name=%s device=%s detached: %s", owned->vm.name, sbdf_text(r->devices[i].function->at, text),
                 status_text(each[i]));
    }
}

static void take_back(struct vm_owned *owned)
{
    console_flush(&owned->vm.platform.console);
    console_flush(&owned->vm.platform.hvc.lines);
    detach_devices(owned);
    guest_pci_reset(&owned->vm.platform.pci);
    log_end(&owned->vm);
    __atomic_store_n(&owned->ended, true, __ATOMIC_RELEASE);
}

static void begin(struct vm_cpu *cpu)
{
    struct vm *vm = cpu->vm;
    cpu->life = VM_LIFE_RUNS;
    if (cpu->vcpu.backend == NULL) { /* it was never made */
        vm_stop(vm, VM_CRASHED, "vCPU %u is missing", cpu->index);
        return;
    }
    vm_entry_set(cpu, &vm->first_entry);
    vm_cpuid_forget(cpu);
    cpu->vcpu.tsc_offset = -vm->start_tsc;
    vm->entered_ns = cpu->index == 0 && vm->entered_ns == 0 ? time_now_ns() : vm->entered_ns;
}

static void make(struct vm_cpu *cpu)
{
    struct vm *vm = cpu->vm;
    enum status status = vm->backend->vcpu_init(&cpu->vcpu, cpu_index(), &vm->nested);
    status = status == STATUS_OK ? guest_msrs_allow(&cpu->vcpu) : status;
    if (status == STATUS_OK) {
        vm_apic_init(cpu);
    } else {
        vm_stop(vm, VM_CRASHED, "vCPU %u cannot be made: %s", cpu->index, status_text(status));
    }
    if (owner_of(cpu)->request.refused != NULL) {
        vm_stop(vm, VM_REFUSED, "%s", owner_of(cpu)->request.refused);
    }
    begin(cpu);
}

/* The last one of all takes the devices back. */
static void end(struct vm_cpu *cpu)
{
    struct vm *vm = cpu->vm;
    cpu->life = VM_LIFE_ENDED;
    if (cpu->vcpu.backend != NULL) {
        vm->backend->vcpu_free(&cpu->vcpu);
    }
    if (__atomic_sub_fetch(&vm->active, 1, __ATOMIC_ACQ_REL) == 0) {
        take_back(owner_of(cpu));
    }
}

static void go_on(struct vm_cpu *cpu, bool again)
{
    if (again) {
        begin(cpu);
    } else {
        end(cpu);
    }
}

/* Those that wait learn it by the new round. They are kicked, for their CPUs may sleep. */
static void decide(struct vm_cpu *cpu, bool again)
{
    struct vm_owned *owned = owner_of(cpu);
    __atomic_store_n(&owned->again, again, __ATOMIC_RELEASE);
    __atomic_store_n(&owned->barrier_round, cpu->round + 1, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < cpu->vm->cpu_count; i++) {
        vm_kick(cpu->vm, i);
    }
    go_on(cpu, again);
}

static void end_restart(struct vm_cpu *cpu, enum status status, const char *why)
{
    struct vm *vm = cpu->vm;
    vm->why[0] = 0;
    __atomic_store_n(&vm->end, VM_RUNNING, __ATOMIC_RELEASE);
    if (status != STATUS_OK) {
        vm_stop(vm, VM_CRASHED, "could not start anew: %s %s", status_text(status), why);
    }
    decide(cpu, status == STATUS_OK);
}

/* The guest asked to start anew: devices reset, same memory, scrubbed, same images. */
static void begin_restart(struct vm_cpu *cpu)
{
    struct vm_owned *owned = owner_of(cpu);
    struct vm *vm = cpu->vm;
    vm->resets++;
    log_info("guest: name=%s starts anew, reset %u", vm->name, vm->resets);
    struct sbdf failed;
    enum status status = assign_reset(&vm->platform.pci, &failed);
    owned->scrubbed = 0;
    cpu->life = VM_LIFE_RESTARTS;
    if (status != STATUS_OK) {
        char text[SBDF_TEXT_SIZE], why[VM_WHY_SIZE];
        format_text(why, sizeof(why), "of device %s", sbdf_text(failed, text));
        end_restart(cpu, status, why);
    }
}

static void restart_step(struct vm_cpu *cpu)
{
    struct vm_owned *owned = owner_of(cpu);
    struct vm *vm = cpu->vm;
    if (owned->scrubbed < guest_memory_bytes(&vm->memory)) {
        vm_memory_scrub_part(&vm->memory, owned->scrubbed, SCRUB_STEP);
        owned->scrubbed += SCRUB_STEP;
        return;
    }
    char why[VM_WHY_SIZE] = "";
    enum status status = vm_create_power_on(vm);
    vm_life_set_clock(owned);
    status = status == STATUS_OK ? vm_create_load(owned, &vm->first_entry, why) : status;
    if (status == STATUS_OK && owned->request.may_start != NULL && !owned->request.may_start(owned, why, sizeof(why))) {
        status = STATUS_CONFLICT;
    }
    end_restart(cpu, status, why);
}

/* The guest stopped. */
static void come_together(struct vm_cpu *cpu)
{
    struct vm_owned *owned = owner_of(cpu);
    cpu->round = round_of(cpu);
    cpu->life = VM_LIFE_WAITS;
    unsigned came = __atomic_add_fetch(&owned->barrier, 1, __ATOMIC_ACQ_REL);
    if (came != owned->vm.cpu_count * (cpu->round + 1)) {
        return;
    }
    if (owned->vm.end == VM_RESET) {
        begin_restart(cpu);
    } else {
        decide(cpu, false);
    }
}

void vm_life_step(struct vm_cpu *cpu)
{
    switch (cpu->life) {
    case VM_LIFE_NEW:
        make(cpu);
        break;
    case VM_LIFE_RUNS:
        come_together(cpu);
        break;
    case VM_LIFE_WAITS:
        go_on(cpu, __atomic_load_n(&owner_of(cpu)->again, __ATOMIC_ACQUIRE));
        break;
    case VM_LIFE_RESTARTS:
        restart_step(cpu);
        break;
    case VM_LIFE_ENDED:
        break;
    }
}
