/* SPDX-License-Identifier: GPL-2.0-only
 * What one exit of each kind costs, in ticks of the TSC: under -icount shift=0 a tick is an instruction, of the guest
 * and of the hypervisor together. One key=value line a figure; the loop around it is measured empty and subtracted. */
#include "guest/platform.h"
#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/port.h"
#include "tests/bench/guest/device.h"
#include "tests/bench/guest/slices.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define ROUNDS 2000
#define WARM_UP 100
#define TIMER_ROUNDS 50
#define VECTOR 0x53
#define TIMER_NS 2000000 /* the virtual LAPIC counts nanoseconds */
#define CALIBRATE_US 20000
#define DIVIDE_BY_1 0xb

static volatile uint32_t hits;
static volatile uint64_t handler_tsc;
static uint16_t pm_timer_port;

static void on_interrupt(struct trap_frame *frame)
{
    (void)frame;
    handler_tsc = cpu_tsc();
    hits++;
    apic_eoi();
}

static void nothing(void)
{
    asm volatile("" : : : "memory");
}

static void exit_by_cpuid(void)
{
    uint32_t eax = 1, ecx = 0;
    asm volatile("cpuid" : "+a"(eax), "+c"(ecx) : : "rbx", "rdx", "memory");
}

static void exit_by_pm_timer(void)
{
    (void)port_read32(pm_timer_port);
}

static void exit_by_lapic_read(void)
{
    (void)apic_read(LAPIC_ID);
}

static void exit_by_lapic_write(void)
{
    apic_write(LAPIC_TPR, 0);
}

static void exit_by_ioapic_read(void)
{
    (void)ioapic_read(1);
}

static void exit_by_self_ipi(void)
{
    apic_write(LAPIC_ICR_LOW, APIC_ICR_SELF | APIC_ICR_FIXED | VECTOR);
}

static uint64_t ticks(void (*what)(void), unsigned rounds)
{
    uint64_t from = cpu_tsc();
    for (unsigned i = 0; i < rounds; i++) {
        what();
    }
    return cpu_tsc() - from;
}

static uint64_t measure(void (*what)(void))
{
    (void)ticks(what, WARM_UP);
    uint64_t empty = ticks(nothing, ROUNDS);
    return (ticks(what, ROUNDS) - empty) / ROUNDS;
}

static void figure(const char *name, uint64_t value)
{
    say("bench: %s=%llu", name, (unsigned long long)value);
}

/* From the write of the ICR to the handler's first look at the clock. */
static uint64_t injection(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t from = cpu_tsc();
        exit_by_self_ipi();
        sum += handler_tsc - from;
    }
    return sum / ROUNDS;
}

/* Ticks of the TSC in TIMER_NS, by the timer itself. */
static uint64_t timer_ticks(void)
{
    apic_write(LAPIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR);
    apic_write(LAPIC_TIMER_INITIAL, UINT32_MAX);
    uint64_t count = apic_read(LAPIC_TIMER_CURRENT), tsc = cpu_tsc();
    machine_wait_us(CALIBRATE_US);
    count -= apic_read(LAPIC_TIMER_CURRENT);
    return (cpu_tsc() - tsc) * TIMER_NS / count;
}

/* From the time the timer is due to the handler, out of HLT. The timer starts within the write, so this counts the way
 * into that exit too: at most that much less. */
static uint64_t wake(void)
{
    uint64_t sum = 0;
    apic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
    uint64_t due = timer_ticks();
    apic_write(LAPIC_LVT_TIMER, VECTOR);
    for (unsigned i = 0; i < TIMER_ROUNDS; i++) {
        uint32_t before = hits;
        cpu_irq_disable();
        uint64_t from = cpu_tsc();
        apic_write(LAPIC_TIMER_INITIAL, TIMER_NS);
        while (hits == before) {
            cpu_irq_wait();
        }
        sum += handler_tsc - from - due;
    }
    return sum / TIMER_ROUNDS;
}

/* On the command line, "slice-gap=N": one of two guests that share a CPU; "device=1": the one that has edu;
 * "pm-timer=N": the port where a machine that is not a q35 (a Xen guest's PIIX4) has its PM timer. */
void guest_main(void)
{
    uint64_t gap = machine_option("slice-gap", 0);
    if (gap != 0) {
        slices_measure(gap);
        return;
    }
    if (machine_option("device", 0) != 0) {
        device_measure();
        return;
    }
    pm_timer_port = (uint16_t)machine_option("pm-timer", PLATFORM_PM_TIMER_PORT);
    trap_handle(VECTOR, on_interrupt);
    cpu_irq_enable(); /* as they nearly always are: off, Bochs has a quirk (vmx/quirks.c) that costs */
    figure("cpuid", measure(exit_by_cpuid));
    figure("pm-timer", measure(exit_by_pm_timer));
    figure("lapic-read", measure(exit_by_lapic_read));
    figure("lapic-write", measure(exit_by_lapic_write));
    figure("ioapic-read", measure(exit_by_ioapic_read) / 2); /* index, then data */
    figure("self-ipi", measure(exit_by_self_ipi));
    figure("injection", injection());
    check(hits == WARM_UP + 2 * ROUNDS, "every self-IPI arrived once");
    figure("hlt-wake", wake());
}
