/* SPDX-License-Identifier: GPL-2.0-only
 * What any CPU may do to a guest: stop it, wake a vCPU, make it forget translations. */
#include "guest/vm.h"

#include "guest/vm_host.h"
#include "kernel/core/panic.h"
#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/format.h"

#define FLUSH_PATIENCE_US 10000000

uint64_t vm_now(const struct vm *vm)
{
    return time_now_ns() - vm->start_ns;
}

bool vm_is_stopping(const struct vm *vm)
{
    return __atomic_load_n(&vm->end, __ATOMIC_ACQUIRE) != VM_RUNNING;
}

void vm_set_clock(struct vm *vm)
{
    vm->start_ns = time_now_ns();
    vm->start_tsc = cpu_tsc();
}

bool vm_may_enter(const struct vm_cpu *cpu)
{
    return !vm_is_stopping(cpu->vm) && !__atomic_load_n(&cpu->vm->paused, __ATOMIC_SEQ_CST) &&
           !__atomic_load_n(&cpu->summoned, __ATOMIC_SEQ_CST);
}

void vm_summon(struct vm *vm, unsigned index)
{
    __atomic_store_n(&vm->cpus[index].summoned, true, __ATOMIC_SEQ_CST);
    vm_kick(vm, index);
}

void vm_kick(struct vm *vm, unsigned index)
{
    unsigned cpu = vm->cpus[index].vcpu.cpu;
    if (cpu != cpu_index()) {
        vm_host_pace(&vm->cpus[index]);
        smp_kick(cpu);
    } else {
        vm->cpus[index].look = true;
        vm_host_look(vm->cpus[index].host);
    }
}

/* Somebody stopped it before, and his kick is not served while every entry of a vCPU here fails. */
static void look_here(struct vm *vm)
{
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        if (vm->cpus[i].vcpu.cpu == cpu_index()) {
            vm_kick(vm, i);
        }
    }
}

void vm_stop(struct vm *vm, enum vm_end end, const char *fmt, ...)
{
    enum vm_end running = VM_RUNNING;
    if (!__atomic_compare_exchange_n(&vm->end, &running, end, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        look_here(vm);
        return;
    }
    va_list args;
    va_start(args, fmt);
    format_text_v(vm->why, sizeof(vm->why), fmt, args);
    va_end(args);
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        vm_kick(vm, i);
    }
}

/* A vCPU that is not in the guest sees flush_wanted before it enters; one that is, leaves by the kick. It clears
 * in_guest before it takes any lock, so that this may wait with the guest's lock held. */
static void wait_outside(struct vm_cpu *cpu)
{
    struct deadline deadline = deadline_in_us(FLUSH_PATIENCE_US);
    while (__atomic_load_n(&cpu->in_guest, __ATOMIC_SEQ_CST)) {
        bulkhead_assert(!deadline_passed(deadline));
        cpu_pause();
    }
}

void vm_flush(struct vm *vm)
{
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        struct vm_cpu *cpu = &vm->cpus[i];
        __atomic_store_n(&cpu->flush_wanted, true, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&cpu->in_guest, __ATOMIC_SEQ_CST)) {
            vm_kick(vm, i);
            wait_outside(cpu);
        }
    }
}
