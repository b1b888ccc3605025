/* SPDX-License-Identifier: GPL-2.0-only
 * Pretended CPUs: the test runs on the first; APIC id n is CPU n's. */
#include "kernel/core/percpu.h"

#include "kernel/core/panic.h"

struct percpu *percpu_at(unsigned index)
{
    static struct percpu cpus[CPU_MAX];
    bulkhead_assert(index < CPU_MAX);
    cpus[index].index = index;
    cpus[index].apic_id = index;
    return &cpus[index];
}
