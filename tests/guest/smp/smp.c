/* SPDX-License-Identifier: GPL-2.0-only
 * Several CPUs: started by INIT and SIPI, reached by every kind of IPI, counted; "cpus=N" says how many there should
 * be. */
#include "tests/guest/lib/smp.h"

#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define VECTOR 0x61
#define PING 0x62
#define WAIT_US 500000
#define ROUNDS 500

static volatile uint32_t hits[256], nmis[256], pings, handled;
static unsigned cpus;

static void on_interrupt(struct trap_frame *frame)
{
    (void)frame;
    __atomic_add_fetch(&hits[apic_id()], 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
    apic_eoi();
}

static void on_nmi(struct trap_frame *frame)
{
    (void)frame;
    __atomic_add_fetch(&nmis[apic_id()], 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
}

/* Send and check who got it: one hit on every CPU for which wanted(number) says so. */
static void send(uint32_t destination, uint32_t icr, const char *what, bool with_self, bool with_others)
{
    unsigned expected = with_self + (with_others ? cpus - 1 : 0), right = 0;
    handled = 0;
    for (unsigned i = 0; i < 256; i++) {
        hits[i] = 0;
    }
    cpu_irq_enable();
    apic_ipi(destination, icr | VECTOR | APIC_ICR_ASSERT);
    (void)machine_wait_for(&handled, expected, WAIT_US);
    machine_wait_us(1000);
    cpu_irq_disable();
    for (unsigned i = 0; i < cpus; i++) {
        right += hits[smp_apic_id(i)] == (i == 0 ? with_self : with_others);
    }
    expect(handled << 8 | right, expected << 8 | cpus, "%s: hits and CPUs as wanted", what);
}

static void to_each(void)
{
    unsigned right = 0;
    for (unsigned i = 1; i < cpus; i++) {
        for (unsigned logical = 0; logical < 2; logical++) {
            uint32_t id = smp_apic_id(i);
            uint32_t before = hits[id];
            handled = 0;
            apic_ipi(logical ? 1u << id : id, (logical ? APIC_ICR_LOGICAL : 0) | VECTOR | APIC_ICR_ASSERT);
            (void)machine_wait_for(&handled, 1, WAIT_US);
            right += handled == 1 && hits[id] == before + 1;
        }
    }
    expect(right, 2 * (cpus - 1), "an IPI to each CPU, physical and logical, reaches it alone");
}

static void lowest_priority(void)
{
    handled = 0;
    cpu_irq_enable();
    apic_ipi((1u << cpus) - 1, APIC_ICR_LOGICAL | APIC_ICR_LOWEST | VECTOR | APIC_ICR_ASSERT);
    (void)machine_wait_for(&handled, 1, WAIT_US);
    machine_wait_us(1000);
    cpu_irq_disable();
    expect(handled, 1, "a lowest-priority IPI reaches one CPU");
}

static void nmi(void)
{
    unsigned right = 0;
    trap_handle(TRAP_NMI, on_nmi);
    for (unsigned i = 1; i < cpus; i++) {
        handled = 0;
        apic_ipi(smp_apic_id(i), APIC_ICR_NMI | APIC_ICR_ASSERT);
        (void)machine_wait_for(&handled, 1, WAIT_US);
        right += nmis[smp_apic_id(i)] == 1;
    }
    expect(right, cpus - 1, "an NMI reaches each of the others");
}

static void nobody(void)
{
    handled = 0;
    cpu_irq_enable();
    apic_ipi(0xe, VECTOR | APIC_ICR_ASSERT);
    apic_ipi(0xfe, VECTOR | APIC_ICR_ASSERT);
    machine_wait_us(2000);
    cpu_irq_disable();
    expect(handled, 0, "an IPI to a CPU that is not there reaches nobody");
}

/* The others answer every ping with an IPI to the boot CPU. */
static void on_ping(struct trap_frame *frame)
{
    (void)frame;
    apic_eoi();
    if (apic_id() == smp_apic_id(0)) {
        __atomic_add_fetch(&pings, 1, __ATOMIC_SEQ_CST);
    } else {
        apic_ipi(smp_apic_id(0), PING | APIC_ICR_ASSERT);
    }
}

static void ping_pong(void)
{
    unsigned lost = 0;
    trap_handle(PING, on_ping);
    cpu_irq_enable();
    for (unsigned i = 0; i < ROUNDS && cpus > 1 && lost == 0; i++) {
        pings = 0;
        apic_ipi(smp_apic_id(1 + i % (cpus - 1)), PING | APIC_ICR_ASSERT);
        lost += !machine_wait_for(&pings, 1, WAIT_US);
    }
    cpu_irq_disable();
    expect(lost, 0, "%u pings are answered", ROUNDS);
}

static volatile uint32_t shared;

static void add(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < 20000; i++) {
        __atomic_add_fetch(&shared, 1, __ATOMIC_SEQ_CST);
    }
}

static void together(void)
{
    bool back = true;
    shared = 0;
    for (unsigned i = 1; i < cpus; i++) {
        smp_run(i, add, NULL);
    }
    add(NULL);
    cpu_irq_enable();
    for (unsigned i = 1; i < cpus; i++) {
        back &= smp_wait(i, 5000000);
    }
    cpu_irq_disable();
    check(back, "work given to every CPU is done");
    expect(shared, cpus * 20000, "locked additions on every CPU add up");
}

void guest_main(void)
{
    trap_handle(VECTOR, on_interrupt);
    cpus = smp_start();
    expect(cpus, smp_expected(), "CPUs that started");
    bool ids = true;
    for (unsigned i = 0; i < cpus; i++) {
        for (unsigned k = 0; k < i; k++) {
            ids &= smp_apic_id(i) != smp_apic_id(k);
        }
    }
    check(ids, "every CPU has an APIC id of its own");
    send(0, APIC_ICR_SELF, "self", true, false);
    send(smp_apic_id(0), 0, "physical to this CPU", true, false);
    send(0, APIC_ICR_ALL, "all", true, true);
    send(0, APIC_ICR_OTHERS, "all but self", false, true);
    send(0xff, 0, "physical broadcast", true, true);
    send(0xff, APIC_ICR_LOGICAL, "logical broadcast", true, true);
    nobody();
    if (cpus > 1) {
        to_each();
        lowest_priority();
        nmi();
        ping_pong();
    }
    together();
}
