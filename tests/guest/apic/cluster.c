/* SPDX-License-Identifier: GPL-2.0-only
 * IPIs in x2APIC mode: 32-bit ids, clusters of 16, self IPI (SDM 3A 11.12.9, 11.12.10). */
#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "tests/guest/apic/apic.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"

#define VECTOR 0x61
#define WAIT_US 500000

static struct {
    volatile uint32_t hits[SMP_MAX];
    volatile uint32_t handled;
    unsigned cpus;
} ipi;

static void on_interrupt(struct trap_frame *frame)
{
    (void)frame;
    uint32_t id = apic_id();
    for (unsigned i = 0; i < ipi.cpus; i++) {
        if (smp_apic_id(i) == id) {
            __atomic_add_fetch(&ipi.hits[i], 1, __ATOMIC_SEQ_CST);
        }
    }
    __atomic_add_fetch(&ipi.handled, 1, __ATOMIC_SEQ_CST);
    apic_eoi();
}

/* Bit i of the result: CPU i got one; bit 31: one got more. */
static uint32_t receivers(unsigned expected)
{
    uint32_t mask = 0;
    cpu_irq_enable();
    (void)machine_wait_for(&ipi.handled, expected, WAIT_US);
    machine_wait_us(1000);
    cpu_irq_disable();
    for (unsigned i = 0; i < ipi.cpus; i++) {
        mask |= ipi.hits[i] != 0 ? 1u << i : 0;
        mask |= ipi.hits[i] > 1 ? 1u << 31 : 0;
        ipi.hits[i] = 0;
    }
    ipi.handled = 0;
    return mask;
}

static uint32_t send(uint32_t destination, uint32_t icr, unsigned expected)
{
    apic_ipi(destination, icr | VECTOR | APIC_ICR_ASSERT);
    return receivers(expected);
}

static uint32_t logical_id(unsigned cpu)
{
    uint32_t id = smp_apic_id(cpu);
    return id >> 4 << 16 | 1u << (id & 0xf);
}

static unsigned count_of(uint32_t mask)
{
    unsigned count = 0;
    for (; mask != 0; mask &= mask - 1) {
        count++;
    }
    return count;
}

/* Every set of CPUs; they all are in cluster 0 here. */
static void every_set(void)
{
    unsigned right = 0, sets = 0;
    for (uint32_t mask = 1; mask < 1u << ipi.cpus; mask++) {
        uint32_t destination = 0;
        for (unsigned i = 0; i < ipi.cpus; i++) {
            destination |= (mask >> i & 1) != 0 ? logical_id(i) : 0;
        }
        sets++;
        right += send(destination, APIC_ICR_LOGICAL, count_of(mask)) == mask;
    }
    expect(right, sets, "cluster: each of %u sets of members gets it, and nobody else", sets);
}

void cluster_battery(unsigned cpus)
{
    uint32_t all = (1u << cpus) - 1;
    ipi.cpus = cpus;
    trap_handle(VECTOR, on_interrupt);
    bool each = true;
    for (unsigned i = 0; i < cpus; i++) {
        each &= send(smp_apic_id(i), 0, 1) == 1u << i;
    }
    check(each, "x2APIC: a physical id reaches its CPU alone");
    every_set();
    expect(send(1u << 16 | 0xffff, APIC_ICR_LOGICAL, 0), 0, "cluster: another cluster's members are nobody");
    expect(send(1u << (cpus + 1), APIC_ICR_LOGICAL, 0), 0, "cluster: a member that is not there is nobody");
    expect(send(0xff, 0, 0), 0, "x2APIC: 0xff is an id like others");
    expect(send(0x100, 0, 0), 0, "x2APIC: ids have 32 bits");
    expect(send(UINT32_MAX, 0, cpus), all, "x2APIC: physical broadcast");
    expect(send(UINT32_MAX, APIC_ICR_LOGICAL, cpus), all, "x2APIC: logical broadcast");
    expect(send(0, APIC_ICR_OTHERS, cpus - 1), all & ~1u, "x2APIC: all but self");
    expect(send(0, APIC_ICR_ALL, cpus), all, "x2APIC: all");
    uint32_t one = send(all, APIC_ICR_LOGICAL | APIC_ICR_LOWEST, 1);
    expect(count_of(one & all), 1, "cluster: lowest priority reaches one");
    msr_write(apic_msr(LAPIC_SELF_IPI), VECTOR);
    expect(receivers(1), 1, "x2APIC: self IPI");
}
