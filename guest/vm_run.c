/* SPDX-License-Identifier: GPL-2.0-only
 * What a vCPU's turn consists of: time and events that came for it, interrupts, entries. */
#include "guest/vm_run.h"

#include "guest/vlapic_irq.h"
#include "guest/vlapic_timer.h"
#include "guest/vm_exit.h"
#include "guest/vm_host.h"
#include "guest/vm_interrupts.h"
#include "guest/watch.h"
#include "kernel/core/clock.h"
#include "kernel/core/time.h"
#include "kernel/core/time_calibrate.h"
#include "kernel/core/timer.h"
#include "kernel/hw/cpu.h"

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The platform's time is kept by the first vCPU. What is due next is asked for again only after a device said that it
 * changed (vm_platform_reschedule) and after something was due. */
static uint64_t advance_platform(struct vm *vm, uint64_t now)
{
    if (!__atomic_load_n(&vm->platform.moved, __ATOMIC_ACQUIRE) && vm->platform.due > now) {
        return vm->platform.due;
    }
    uint64_t flags = lock_take(&vm->lock);
    __atomic_store_n(&vm->platform.moved, false, __ATOMIC_RELEASE);
    if (vm_platform_next_deadline(vm) <= now) {
        vm_platform_advance(vm, now);
    }
    vm->platform.due = vm_platform_next_deadline(vm);
    lock_release(&vm->lock, flags);
    return vm->platform.due;
}

/* Everything of this vCPU (and, on the first one, of the platform) that time brings; when to look again. */
static uint64_t advance(struct vm_cpu *cpu)
{
    struct vm *vm = cpu->vm;
    uint64_t now = vm_now(vm);
    uint64_t next = vlapic_timer_next_deadline(&cpu->lapic);
    if (next <= now) {
        vlapic_timer_advance(&cpu->lapic, now);
        next = vlapic_timer_next_deadline(&cpu->lapic);
    }
    if (cpu->index == 0 && vm->memory.watch != NULL) {
        next = earlier(next, watch_advance(vm->memory.watch, now));
    }
    return cpu->index == 0 ? earlier(next, advance_platform(vm, now)) : next;
}

/* advance(), and the host's time of the next look. */
static uint64_t advance_until(struct vm_cpu *cpu)
{
    uint64_t guest_ns = advance(cpu);
    return guest_ns == UINT64_MAX ? TIMER_NEVER : cpu->vm->start_ns + guest_ns;
}

static void set_timer(uint64_t host_ns)
{
    if (host_ns != timer_deadline()) {
        timer_set_deadline(host_ns);
    }
}

/* The priority as the backend shows it to MOV from CR8. Whatever changes it has the loop look. */
static void show_priority(struct vm_cpu *cpu)
{
    if (cpu->vcpu.backend->apic != NULL) {
        return; /* it reads the LAPIC's page */
    }
    uint8_t cr8 = (uint8_t)(vlapic_tpr(&cpu->lapic) >> 4);
    if (cr8 != cpu->shown_cr8) {
        cpu->vcpu.backend->write(&cpu->vcpu, VCPU_CR8, cr8);
        cpu->shown_cr8 = cr8;
    }
}

static void enter(struct vm_cpu *cpu)
{
    struct vcpu_exit exit;
    __atomic_store_n(&cpu->in_guest, true, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&cpu->flush_wanted, __ATOMIC_SEQ_CST) &&
        __atomic_exchange_n(&cpu->flush_wanted, false, __ATOMIC_SEQ_CST)) {
        cpu->vcpu.flush = true;
    }
    cpu->vcpu.backend->run(&cpu->vcpu, &exit);
    __atomic_store_n(&cpu->in_guest, false, __ATOMIC_RELEASE);
    vm_exit_handle(cpu, &exit);
}

static bool may_run(struct vm_cpu *cpu)
{
    bool waits = vm_interrupts_offer(cpu);
    if (cpu->state == VM_CPU_HALTED && waits) {
        cpu->state = VM_CPU_RUNS;
    }
    return cpu->state == VM_CPU_RUNS;
}

/* Most exits change nothing but registers: then the guest goes on at once. Whatever else wants the loop's attention
 * sets cpu->look: an interrupt of the host, a kick, an access to the local APIC, HLT (vm_exit_handle and vm_kick). */
static void __attribute__((noinline)) enter_until_look(struct vm_cpu *cpu)
{
    cpu->look = vm_interrupts_nmi_waits(cpu);
    show_priority(cpu);
    do {
        enter(cpu);
    } while (!cpu->look);
}

void vm_run_wait(uint64_t wake_ns)
{
    set_timer(wake_ns);
    cpu_irq_wait();
}

/* Time and events up to now. True when the vCPU can be entered; *due_ns: when time brings something more. */
static bool prepare(struct vm_cpu *cpu, uint64_t *due_ns)
{
    vm_interrupts_take_events(cpu);
    *due_ns = advance_until(cpu);
    return cpu->state != VM_CPU_WAIT_SIPI && may_run(cpu);
}

void vm_run_alone(struct vm_cpu *cpu)
{
    while (vm_may_enter(cpu)) {
        uint64_t due_ns;
        bool ready = prepare(cpu, &due_ns);
        set_timer(due_ns);
        if (!vm_may_enter(cpu)) {
            return; /* stopped by what its time brought: enter_until_look() would forget its own kick */
        }
        if (ready) {
            enter_until_look(cpu);
        } else {
            cpu_irq_wait();
        }
    }
}

bool vm_run_wants(struct vm_cpu *cpu, uint64_t *wake_ns)
{
    uint64_t due_ns = TIMER_NEVER;
    bool wants = cpu->state == VM_CPU_RUNS || prepare(cpu, &due_ns);
    *wake_ns = wants ? *wake_ns : earlier(*wake_ns, due_ns);
    return wants;
}

/* By the CPU itself where it can, which saves an interrupt. Returns what is left to the host's timer. */
static uint64_t end_slice_at(struct vm_cpu *cpu, uint64_t slice_end_ns)
{
    const struct cpu_backend *backend = cpu->vcpu.backend;
    cpu->vcpu.slice_end_tsc = 0;
    if (slice_end_ns == RUN_QUEUE_NEVER || backend->ends_slices == NULL || !backend->ends_slices()) {
        return slice_end_ns;
    }
    uint64_t now_ns = time_now_ns();
    uint64_t left_ns = slice_end_ns > now_ns ? slice_end_ns - now_ns : 0;
    cpu->vcpu.slice_end_tsc = cpu_tsc() + clock_ticks(time_tsc_hz(), left_ns);
    return TIMER_NEVER;
}

void vm_run_turn(struct vm_cpu *cpu, uint64_t wake_ns, uint64_t slice_end_ns)
{
    uint64_t due_ns;
    bool ready = prepare(cpu, &due_ns);
    set_timer(earlier(earlier(due_ns, wake_ns), end_slice_at(cpu, slice_end_ns)));
    if (ready && vm_may_enter(cpu) && !cpu->host->look) {
        enter_until_look(cpu);
    }
}
