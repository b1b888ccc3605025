/* SPDX-License-Identifier: GPL-2.0-only
 * Timers and IPIs on every CPU for "seconds=N": a periodic and a one-shot timer wake each CPU from HLT, and CPUs ping
 * each other meanwhile. What is lost shows as a wait that takes too long. */
#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"

#define TICK 0x71
#define PING 0x72
#define PONG 0x73
#define PERIOD_US 2000
#define PATIENCE_US 10000000 /* far beyond any delay of a busy host: what takes so long is lost */
#define REPORT_S 5

static volatile uint32_t ticks[SMP_MAX], pongs;
static volatile bool finished;
static unsigned cpus;
static uint32_t period; /* in counts of the APIC timer */

static unsigned number_of(uint32_t id)
{
    for (unsigned i = 0; i < cpus; i++) {
        if (smp_apic_id(i) == id) {
            return i;
        }
    }
    return 0;
}

static void on_tick(struct trap_frame *frame)
{
    (void)frame;
    unsigned i = number_of(apic_id());
    __atomic_add_fetch(&ticks[i], 1, __ATOMIC_SEQ_CST);
    apic_eoi();
}

static void on_ping(struct trap_frame *frame)
{
    (void)frame;
    apic_eoi();
    apic_ipi(smp_apic_id(0), PONG | APIC_ICR_ASSERT);
}

static void on_pong(struct trap_frame *frame)
{
    (void)frame;
    __atomic_add_fetch(&pongs, 1, __ATOMIC_SEQ_CST);
    apic_eoi();
}

/* One-shot on the other CPUs: every tick arms the next, so that a lost one stops them for good. */
static void other_cpu(void *argument)
{
    (void)argument;
    const unsigned self = number_of(apic_id());
    uint32_t seen = ticks[self] - 1;
    while (!finished) {
        if (seen != ticks[self]) {
            seen = ticks[self];
            apic_timer(TICK, 0, period);
        }
        cpu_irq_wait(); /* pings wake it as well */
    }
}

static uint64_t now_us(void)
{
    return machine_ticks() * 1000000 / PM_TIMER_HZ;
}

static bool ping(unsigned target)
{
    uint32_t before = pongs;
    uint64_t start = now_us();
    cpu_irq_disable();
    apic_ipi(smp_apic_id(target), PING | APIC_ICR_ASSERT);
    while (pongs == before && now_us() - start < PATIENCE_US) {
        cpu_irq_wait(); /* the periodic timer wakes it as well */
    }
    cpu_irq_enable();
    return pongs != before;
}

/* False when some CPU's ticks stand still. */
static bool all_tick(uint32_t seen[SMP_MAX])
{
    bool ok = true;
    for (unsigned i = 0; i < cpus; i++) {
        if (ticks[i] == seen[i]) {
            ok &= machine_wait_for(&ticks[i], seen[i] + 1, PATIENCE_US);
        }
        seen[i] = ticks[i];
    }
    return ok;
}

/* Rounds of pings and HLT for so long; false at the first thing that is lost. */
static bool work(uint64_t us)
{
    uint32_t seen[SMP_MAX] = {0};
    uint64_t start = now_us(), reported = start, pings = 0;
    for (uint64_t now = start; now - start < us; now = now_us()) {
        for (unsigned i = 0; i < cpus; i++, pings++) {
            if (!ping(i)) {
                return false;
            }
        }
        if (!all_tick(seen)) {
            return false;
        }
        if (now_us() - reported > REPORT_S * UINT64_C(1000000)) {
            reported = now_us();
            say("STRESS: after %llu s: %llu pings, %u ticks here", (unsigned long long)((reported - start) / 1000000),
                (unsigned long long)pings, ticks[0]);
        }
    }
    return true;
}

void guest_main(void)
{
    trap_handle(TICK, on_tick);
    trap_handle(PING, on_ping);
    trap_handle(PONG, on_pong);
    cpus = smp_start();
    expect(cpus, smp_expected(), "CPUs that started");
    period = apic_timer_counts(PERIOD_US);
    for (unsigned i = 1; i < cpus; i++) {
        smp_run(i, other_cpu, NULL);
    }
    cpu_irq_enable();
    apic_timer(TICK, APIC_TIMER_PERIODIC, period);
    check(work(machine_option("seconds", 2) * 1000000), "every timer and every IPI arrived");
    finished = true;
    bool back = true;
    for (unsigned i = 1; i < cpus; i++) {
        back &= smp_wait(i, PATIENCE_US);
    }
    apic_timer(TICK, APIC_LVT_MASKED, 0);
    cpu_irq_disable();
    check(back, "every CPU came back");
}
