/* SPDX-License-Identifier: GPL-2.0-only
 * Cross-CPU calls, one mailbox a CPU. */
#include "kernel/core/smp.h"

#include "kernel/core/lapic.h"
#include "kernel/core/panic.h"
#include "kernel/core/percpu.h"
#include "kernel/core/time.h"
#include "kernel/core/vectors.h"
#include "kernel/hw/cpu.h"

#define CALL_PATIENCE_US UINT64_C(10000000)

/* One call, on the caller's stack. */
struct smp_request {
    smp_function *function;
    void *argument;
    bool done;
};

struct smp_cpu {
    struct smp_request *request; /* NULL: the mailbox is free */
    smp_function *work;          /* NULL: idle */
    void *work_argument;
} CPU_ALIGNED;

static struct {
    struct smp_cpu cpus[CPU_MAX];
} smp;

void smp_call_interrupt(void)
{
    struct smp_request *r = __atomic_exchange_n(&smp.cpus[cpu_index()].request, NULL, __ATOMIC_ACQ_REL);
    if (r != NULL) {
        r->function(r->argument);
        __atomic_store_n(&r->done, true, __ATOMIC_RELEASE);
    }
}

/* While waiting, serve what others ask of us: two CPUs that call each other with interrupts off must not hang. */
static void wait_step(struct deadline end, unsigned cpu)
{
    smp_call_interrupt();
    cpu_pause();
    if (deadline_passed(end)) {
        panic("CPU %u does not answer a call of CPU %u", cpu, cpu_index());
    }
}

static void call_other(unsigned cpu, smp_function *function, void *argument)
{
    struct smp_request request = {function, argument, false};
    struct deadline end = deadline_in_us(CALL_PATIENCE_US);
    struct smp_request *free_box = NULL;
    while (!__atomic_compare_exchange_n(&smp.cpus[cpu].request, &free_box, &request, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
        free_box = NULL;
        wait_step(end, cpu);
    }
    lapic_send(percpu_at(cpu)->apic_id, VECTOR_CALL);
    while (!__atomic_load_n(&request.done, __ATOMIC_ACQUIRE)) {
        wait_step(end, cpu);
    }
}

void smp_call(unsigned cpu, smp_function *function, void *argument)
{
    uint64_t flags = cpu_irq_save();
    bulkhead_assert(cpu < cpu_count());
    if (cpu == cpu_index()) {
        function(argument);
    } else {
        call_other(cpu, function, argument);
    }
    cpu_irq_restore(flags);
}

void smp_call_all(smp_function *function, void *argument)
{
    if (cpu_count() == 0) { /* early boot: there is only this one */
        function(argument);
        return;
    }
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        smp_call(cpu, function, argument);
    }
}

void smp_kick(unsigned cpu)
{
    bulkhead_assert(cpu < cpu_count());
    lapic_send(percpu_at(cpu)->apic_id, VECTOR_KICK);
}

void smp_start_work(unsigned cpu, smp_function *function, void *argument)
{
    bulkhead_assert(cpu != 0 && cpu < cpu_count() && !smp_has_work(cpu));
    smp.cpus[cpu].work_argument = argument;
    __atomic_store_n(&smp.cpus[cpu].work, function, __ATOMIC_RELEASE);
    smp_kick(cpu);
}

bool smp_has_work(unsigned cpu)
{
    return __atomic_load_n(&smp.cpus[cpu].work, __ATOMIC_ACQUIRE) != NULL;
}

_Noreturn void smp_idle(void)
{
    struct smp_cpu *self = &smp.cpus[cpu_index()];
    for (;;) {
        /* Looked at with interrupts off: a kick after the look ends the HLT. */
        cpu_irq_disable();
        smp_function *work = __atomic_load_n(&self->work, __ATOMIC_ACQUIRE);
        if (work == NULL) {
            cpu_irq_wait();
            continue;
        }
        cpu_irq_enable();
        work(self->work_argument);
        __atomic_store_n(&self->work, NULL, __ATOMIC_RELEASE);
    }
}

void smp_stop_others(void)
{
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        if (cpu != cpu_index()) {
            lapic_send_nmi(percpu_at(cpu)->apic_id);
        }
    }
}
