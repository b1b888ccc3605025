/* SPDX-License-Identifier: GPL-2.0-only
 * The life of a guest. */
#include "guest/vm_life.h"

#include "guest/vm_apic.h"
#include "guest/vm_cpuid.h"
#include "guest/vm_entry.h"
#include "guest/vm_keep.h"
#include "guest/vm_order.h"
#include "kernel/core/percpu.h"
#include "kernel/core/time.h"

static struct vm_owned *owner_of(const struct vm_cpu *cpu)
{
    return (struct vm_owned *)((uint8_t *)cpu->vm - offsetof(struct vm_owned, vm));
}

static unsigned round_of(const struct vm_cpu *cpu)
{
    return __atomic_load_n(&owner_of(cpu)->barrier_round, __ATOMIC_ACQUIRE);
}

bool vm_life_pending(const struct vm_cpu *cpu, uint64_t *wake_ns)
{
    switch (cpu->life) {
    case VM_LIFE_NEW:
        return true;
    case VM_LIFE_RUNS:
        return vm_is_stopping(cpu->vm) || __atomic_load_n(&cpu->summoned, __ATOMIC_SEQ_CST);
    case VM_LIFE_WAITS:
        return round_of(cpu) != cpu->round;
    case VM_LIFE_KEEPS:
        return vm_keep_wants(owner_of(cpu), wake_ns);
    case VM_LIFE_ENDED:
        break;
    }
    return false;
}

bool vm_life_has_ended(const struct vm_owned *owned)
{
    return __atomic_load_n(&owned->ended, __ATOMIC_ACQUIRE);
}

static void begin(struct vm_cpu *cpu)
{
    struct vm *vm = cpu->vm;
    cpu->life = VM_LIFE_RUNS;
    if (cpu->vcpu.backend == NULL) { /* it was never made */
        vm_stop(vm, VM_CRASHED, "vCPU %u is missing", cpu->index);
        return;
    }
    const struct vm_request *request = &owner_of(cpu)->request;
    char why[VM_WHY_SIZE];
    if (request->may_enter != NULL && !request->may_enter(owner_of(cpu), cpu, why, sizeof(why))) {
        vm_stop(vm, VM_CRASHED, "vCPU %u: %s", cpu->index, why);
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

static void end(struct vm_cpu *cpu)
{
    struct vm *vm = cpu->vm;
    cpu->life = VM_LIFE_ENDED;
    if (cpu->vcpu.backend != NULL) {
        vm->backend->vcpu_free(&cpu->vcpu);
    }
    if (__atomic_sub_fetch(&vm->active, 1, __ATOMIC_ACQ_REL) == 0) {
        __atomic_store_n(&owner_of(cpu)->ended, true, __ATOMIC_RELEASE);
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

/* The guest stopped. */
static void come_together(struct vm_cpu *cpu)
{
    struct vm_owned *owned = owner_of(cpu);
    cpu->round = round_of(cpu);
    cpu->life = VM_LIFE_WAITS;
    unsigned came = __atomic_add_fetch(&owned->barrier, 1, __ATOMIC_ACQ_REL);
    if (came == owned->vm.cpu_count * (cpu->round + 1)) {
        cpu->life = VM_LIFE_KEEPS;
        vm_keep_begin(owned);
    }
}

static void keep(struct vm_cpu *cpu)
{
    enum vm_keep_outcome outcome = vm_keep_step(owner_of(cpu));
    if (outcome != VM_KEEP_ON) {
        decide(cpu, outcome == VM_KEEP_RUN);
    }
}

/* Its guest goes on meanwhile, on other CPUs. */
static void serve(struct vm_cpu *cpu)
{
    __atomic_store_n(&cpu->summoned, false, __ATOMIC_SEQ_CST);
    vm_order_carry_out(owner_of(cpu));
}

void vm_life_step(struct vm_cpu *cpu)
{
    switch (cpu->life) {
    case VM_LIFE_NEW:
        make(cpu);
        break;
    case VM_LIFE_RUNS:
        if (vm_is_stopping(cpu->vm)) {
            come_together(cpu);
        } else {
            serve(cpu);
        }
        break;
    case VM_LIFE_WAITS:
        go_on(cpu, __atomic_load_n(&owner_of(cpu)->again, __ATOMIC_ACQUIRE));
        break;
    case VM_LIFE_KEEPS:
        keep(cpu);
        break;
    case VM_LIFE_ENDED:
        break;
    }
}
