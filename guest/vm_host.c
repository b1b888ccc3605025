/* SPDX-License-Identifier: GPL-2.0-only
 * The loop of a host CPU. Interrupts of the host are off but for three places: the moment after an exit that one
 * caused, the wait while no vCPU has anything to do, and the steps of a guest's life (vm_life.h). So nothing that any
 * CPU asks for between the look at it and the entry is lost: its kick is then pending and ends the run at once. */
#include "guest/vm_host.h"

#include "guest/vm_interrupts.h"
#include "guest/vm_life.h"
#include "guest/vm_run.h"
#include "kernel/core/mitigations.h"
#include "kernel/core/panic.h"
#include "kernel/core/percpu.h"
#include "kernel/core/time.h"
#include "kernel/core/timer.h"
#include "kernel/hw/cpu.h"

static struct {
    struct vm_host *of[CPU_MAX]; /* NULL: no guest has that CPU */
} hosts;

void vm_host_add(struct vm_host *host, struct vm_cpu *cpu, uint64_t slice_ns)
{
    bulkhead_assert(host->count < RUN_QUEUE_MAX);
    host->cpus[host->count++] = cpu;
    host->queue = run_queue_make(host->count, slice_ns);
    cpu->host = host;
    hosts.of[cpu->vcpu.cpu] = host;
}

static const struct vm *guest_on(const struct vm_host *host)
{
    const struct vm_cpu *current = host == NULL ? NULL : __atomic_load_n(&host->current, __ATOMIC_RELAXED);
    return current == NULL ? NULL : current->vm;
}

/* Several of the guest's CPUs may wait here for one of it; none does for longer than they all take together. */
static void wait_for_turn(struct vm_cpu *target)
{
    uint64_t from_ns = time_now_ns(), now_ns = from_ns;
    uint64_t due_ns = __atomic_load_n(&target->kick_ns, __ATOMIC_RELAXED);
    while (now_ns - from_ns < VM_HOST_PACE_NS * target->vm->cpu_count) {
        if (now_ns >= due_ns && __atomic_compare_exchange_n(&target->kick_ns, &due_ns, now_ns + VM_HOST_PACE_NS, false,
                                                            __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
            return;
        }
        cpu_pause();
        due_ns = __atomic_load_n(&target->kick_ns, __ATOMIC_RELAXED);
        now_ns = time_now_ns();
    }
}

void vm_host_pace(struct vm_cpu *target)
{
    const struct vm *from = guest_on(hosts.of[cpu_index()]), *there = guest_on(target->host);
    if (from == target->vm && there != NULL && there != from) {
        wait_for_turn(target);
    }
}

void vm_host_look(struct vm_host *host)
{
    if (host == NULL) {
        return;
    }
    host->look = true;
    if (host->current != NULL) {
        host->current->look = true;
    }
}

/* What is left of the guest before goes to memory first, for that is what leaves traces to be cleared. */
static void change_guest(struct vm_host *host)
{
    host->current->vcpu.backend->leave(&host->current->vcpu);
    mitigations_apply();
    host->guest_turns++;
}

static void make_current(struct vm_host *host, struct vm_cpu *cpu)
{
    if (host->current == cpu) {
        return;
    }
    if (host->current != NULL && host->current->vm != cpu->vm) {
        change_guest(host);
    }
    __atomic_store_n(&host->current, cpu, __ATOMIC_RELAXED);
    host->turns++;
}

static void live_step(struct vm_cpu *cpu)
{
    cpu_irq_enable();
    vm_life_step(cpu);
    cpu_irq_disable();
}

/* Work on a guest's life is done in the vCPU's own turns. */
static bool wants(struct vm_cpu *cpu, uint64_t *wake_ns)
{
    return vm_life_pending(cpu, wake_ns) ||
           (cpu->life == VM_LIFE_RUNS && vm_may_enter(cpu) && vm_run_wants(cpu, wake_ns));
}

/* Before they are looked at: whoever posts for one that sleeps, from now on, interrupts what runs here. */
static void place_sleepers(struct vm_host *host)
{
    for (unsigned i = 0; i < host->count; i++) {
        struct vm_cpu *cpu = host->cpus[i];
        if (cpu->life == VM_LIFE_RUNS && cpu->state != VM_CPU_RUNS) {
            vm_interrupts_place(cpu, POSTING_SLEEPS);
        }
    }
}

/* The others that would run look when their turn comes, and need no notification before. */
static void place_runners(struct vm_host *host, struct vm_cpu *chosen)
{
    for (unsigned i = 0; i < host->count; i++) {
        struct vm_cpu *cpu = host->cpus[i];
        if (cpu->life == VM_LIFE_RUNS && cpu->state == VM_CPU_RUNS) {
            vm_interrupts_place(cpu, cpu == chosen ? POSTING_RUNS : POSTING_WAITS);
        }
    }
}

/* Nobody wants the CPU. While no guest lives here the CPU looks after other things every now and then. */
static void idle(struct vm_host *host, uint64_t wake_ns)
{
    for (unsigned i = 0; i < host->count; i++) {
        if (host->cpus[i]->life == VM_LIFE_RUNS) {
            vm_run_wait(wake_ns);
            return;
        }
    }
    uint64_t soon_ns = host->idle == NULL ? TIMER_NEVER : time_now_ns() + VM_HOST_IDLE_NS;
    vm_run_wait(soon_ns < wake_ns ? soon_ns : wake_ns);
    if (host->idle != NULL) {
        host->idle(host->idle_context);
    }
}

/* Look at everyone, and give the CPU to whose turn it is until somebody has to look again. What time brings to one may
 * be something to do for another one, who was looked at before: then all are looked at once more. */
static void one_turn(struct vm_host *host)
{
    uint64_t ready = 0, wake_ns = TIMER_NEVER;
    host->look = false;
    place_sleepers(host);
    for (unsigned i = 0; i < host->count; i++) {
        ready |= (uint64_t)wants(host->cpus[i], &wake_ns) << i;
    }
    if (host->look) {
        return;
    }
    struct run_turn turn = run_queue_next(&host->queue, ready, time_now_ns());
    if (turn.who == RUN_QUEUE_NONE) {
        idle(host, wake_ns);
        return;
    }
    struct vm_cpu *cpu = host->cpus[turn.who];
    if (vm_life_pending(cpu, &wake_ns)) {
        live_step(cpu);
        return;
    }
    make_current(host, cpu);
    place_runners(host, cpu);
    vm_run_turn(cpu, wake_ns, turn.until_ns);
}

static bool all_ended(const struct vm_host *host)
{
    for (unsigned i = 0; i < host->count; i++) {
        if (host->cpus[i]->life != VM_LIFE_ENDED) {
            return false;
        }
    }
    return true;
}

void vm_host_main(void *host)
{
    struct vm_host *h = host;
    uint64_t flags = cpu_irq_save();
    while (!all_ended(h)) {
        if (h->count == 1 && h->cpus[0]->life == VM_LIFE_RUNS) {
            make_current(h, h->cpus[0]);
            vm_run_alone(h->cpus[0]);
        }
        one_turn(h);
    }
    timer_set_deadline(TIMER_NEVER);
    cpu_irq_restore(flags);
}
