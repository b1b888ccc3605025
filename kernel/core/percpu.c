/* SPDX-License-Identifier: GPL-2.0-only
 * Per-CPU identity through the GS base. */
#include "kernel/core/percpu.h"

#include "kernel/core/panic.h"
#include "kernel/hw/cpu_state.h"

static struct {
    struct percpu cpus[CPU_MAX];
    unsigned count;
} percpu;

void percpu_init(unsigned index, uint32_t apic_id)
{
    struct percpu *cpu = &percpu.cpus[index];
    cpu->self = cpu;
    cpu->index = index;
    cpu->apic_id = apic_id;
    cpu_set_local(cpu);
}

void percpu_set_online(void)
{
    struct percpu *cpu = percpu_self();
    /* CPUs are started one after another in the order of their indices. */
    bulkhead_assert(cpu->index == cpu_count());
    __atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
    __atomic_store_n(&percpu.count, cpu->index + 1, __ATOMIC_RELEASE);
}

struct percpu *percpu_self(void)
{
    return cpu_local();
}

struct percpu *percpu_at(unsigned index)
{
    bulkhead_assert(index < CPU_MAX);
    return &percpu.cpus[index];
}

unsigned cpu_index(void)
{
    return percpu_self()->index;
}

unsigned cpu_count(void)
{
    return __atomic_load_n(&percpu.count, __ATOMIC_ACQUIRE);
}
