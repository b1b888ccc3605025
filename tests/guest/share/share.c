/* SPDX-License-Identifier: GPL-2.0-only
 * How much of a CPU a guest gets, and whether its clocks stay right when others have the CPU too. In two phases of
 * "ms=N" each it counts as fast as it can, by the TSC alone and so without exits; with "idle=1" it sleeps in the
 * second one, but for a timer that ticks. Guests that start together have their phases together: the TSC starts at 0
 * with the guest. One "SHARE:" line a phase is for the test that runs several of them. */
#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define VECTOR 0x53
#define TICK_US 100000
#define FIRST_PHASE_MS 300
#define CHUNK 1000

static volatile uint32_t ticks;
static volatile uint64_t tick_tsc;
static uint64_t tsc_per_ms;

static void on_tick(struct trap_frame *frame)
{
    (void)frame;
    tick_tsc = cpu_tsc();
    ticks++;
    apic_eoi();
}

struct clocks {
    uint64_t tsc, pm;
};

/* Both at once: of some tries, the one in which the least time passed between looks at the TSC. */
static struct clocks read_clocks(void)
{
    struct clocks best = {0, 0};
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < 10; i++) {
        uint64_t before = cpu_tsc();
        uint64_t pm = machine_ticks();
        uint64_t after = cpu_tsc();
        if (after - before < least) {
            least = after - before;
            best = (struct clocks){before + least / 2, pm};
        }
    }
    return best;
}

static void calibrate(void)
{
    struct clocks from = read_clocks();
    machine_wait_us(50000);
    struct clocks to = read_clocks();
    tsc_per_ms = (to.tsc - from.tsc) * (PM_TIMER_HZ / 1000) / (to.pm - from.pm);
    say("INFO: the TSC runs at about %llu kHz", (unsigned long long)tsc_per_ms);
}

/* Bulkhead's virtual LAPIC counts nanoseconds (by 16 here); measuring it is not as exact. */
static uint32_t tick_counts(void)
{
    return on_bulkhead() ? TICK_US * 1000 / 16 : apic_timer_counts(TICK_US);
}

static uint64_t burn_until(uint64_t end)
{
    uint64_t iterations = 0;
    while (cpu_tsc() < end) {
        for (volatile unsigned i = 0; i < CHUNK; i = i + 1) {
        }
        iterations += CHUNK;
    }
    return iterations;
}

/* Sleeps, and wakes by ticks; how much later, in us, the latest of them was than the earliest, each against its due
 * time. */
static uint64_t sleep_until(uint64_t end)
{
    uint64_t period = TICK_US / 1000 * tsc_per_ms;
    uint64_t least = UINT64_MAX, most = 0;
    uint32_t seen = ticks;
    while (cpu_tsc() < end) {
        cpu_irq_disable();
        if (ticks == seen) {
            cpu_irq_wait();
        }
        cpu_irq_enable();
        if (ticks == seen) {
            continue;
        }
        seen = ticks;
        uint64_t offset = tick_tsc - seen * period;
        least = offset < least ? offset : least;
        most = offset > most ? offset : most;
    }
    return most > least ? (most - least) * 1000 / tsc_per_ms : 0;
}

/* A tick of the phase before that came too late for it. */
static void forget_tick(void)
{
    cpu_irq_enable();
    machine_wait_us(10);
    cpu_irq_disable();
}

static void phase(unsigned number, uint64_t start, uint64_t end, bool sleeps)
{
    (void)burn_until(start);
    forget_tick();
    apic_timer(VECTOR, APIC_TIMER_PERIODIC, tick_counts());
    ticks = 0;
    struct clocks from = read_clocks();
    cpu_irq_enable();
    uint64_t done = sleeps ? sleep_until(end) : burn_until(end);
    cpu_irq_disable();
    struct clocks to = read_clocks();
    apic_timer(VECTOR, APIC_LVT_MASKED, 0);
    uint64_t ms_tsc = (to.tsc - from.tsc) / tsc_per_ms, ms_pm = (to.pm - from.pm) * 1000 / PM_TIMER_HZ;
    uint64_t expected = ms_pm * 1000 / TICK_US;
    say("SHARE: phase=%u %s=%llu ms=%llu ticks=%u", number, sleeps ? "late-us" : "iterations", (unsigned long long)done,
        (unsigned long long)ms_pm, ticks);
    expect_in(ms_tsc * 1000 / ms_pm, 970, 1030, "phase %u: TSC against PM timer, in thousandths", number);
    expect_in(ticks + 2, expected, expected + 3, "phase %u: 2 + ticks of the LAPIC timer, one in %u ms", number,
              TICK_US / 1000);
}

void guest_main(void)
{
    trap_handle(VECTOR, on_tick);
    calibrate();
    (void)tick_counts();
    uint64_t length = machine_option("ms", 1000) * tsc_per_ms;
    uint64_t start = FIRST_PHASE_MS * tsc_per_ms;
    start = cpu_tsc() > start ? cpu_tsc() : start; /* bare QEMU's TSC started with the machine */
    phase(1, start, start + length, false);
    start += length + FIRST_PHASE_MS * tsc_per_ms;
    phase(2, start, start + length, machine_option("idle", 0) != 0);
}
