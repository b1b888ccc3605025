/* SPDX-License-Identifier: GPL-2.0-only
 * Clocks and timers: the LAPIC's, the PIT's, the PM timer and the TSC, against each other. What counts is kinds of
 * error: wrong unit, lost, twice, too early, masked but there. The emulator's host may be busy, so nothing may be
 * early, and the best of three tries must not be very late. */
#include "guest/platform.h"
#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/hw/port.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define VECTOR 0x53
#define PIT_VECTOR 0x54
#define PIC_FIRST 0x20
#define PIT_HZ 1193182
#define PIT_GATE_PORT 0x61

static volatile uint32_t hits, pic_hits;

static void on_interrupt(struct trap_frame *frame)
{
    (void)frame;
    hits++;
    apic_eoi();
}

static void on_pic(struct trap_frame *frame)
{
    (void)frame;
    pic_hits++;
    port_write8(0x20, 0x20);
}

/* Interrupts on for so long; hits in it. */
static uint32_t count_for(uint64_t us)
{
    hits = 0;
    cpu_irq_enable();
    machine_wait_us(us);
    cpu_irq_disable();
    return hits;
}

static uint64_t now_us(void)
{
    return machine_ticks() * 1000000 / PM_TIMER_HZ;
}

/* start() and then interrupts on until *counter shows `wanted`: the shortest of three tries in us, each within 3 s. */
static uint64_t time_for(void (*start)(void), const volatile uint32_t *counter, uint32_t wanted, const char *what)
{
    uint64_t shortest = UINT64_MAX;
    bool all = true;
    for (unsigned i = 0; i < 3; i++) {
        hits = pic_hits = 0;
        uint64_t began = now_us();
        start();
        cpu_irq_enable();
        all &= machine_wait_for(counter, wanted, 3000000);
        cpu_irq_disable();
        uint64_t took = now_us() - began;
        shortest = took < shortest ? took : shortest;
    }
    check(all, "%s: arrives", what);
    return shortest;
}

/* TSC ticks in 100 PM ticks: both are read together, and the shortest of ten gaps counts. */
static uint64_t tsc_per_100_ticks(uint64_t us)
{
    uint64_t shortest = UINT64_MAX, ratio = 0;
    for (unsigned i = 0; i < 10; i++) {
        uint64_t ticks = machine_ticks(), tsc = cpu_tsc();
        machine_wait_us(us);
        ticks = machine_ticks() - ticks;
        tsc = cpu_tsc() - tsc;
        if (ticks < shortest) {
            shortest = ticks;
            ratio = tsc * 100 / ticks;
        }
    }
    return ratio;
}

static void pm_timer(void)
{
    uint64_t last = machine_ticks(), changes = 0, tsc = cpu_tsc();
    unsigned backwards = 0;
    for (unsigned i = 0; i < 5000; i++) {
        uint64_t now = machine_ticks();
        backwards += now - last > 4 * (uint64_t)PM_TIMER_HZ; /* a step back shows as nearly a whole turn of 4.7 s */
        changes += now != last;
        last = now;
    }
    expect(backwards, 0, "the PM timer never goes back");
    check(changes > 10, "the PM timer moves");
    check(cpu_tsc() > tsc, "the TSC moves");
    uint64_t once = tsc_per_100_ticks(2000), twice = tsc_per_100_ticks(4000);
    say("INFO: the TSC runs at about %llu kHz by the PM timer", (unsigned long long)(once * PM_TIMER_HZ / 100000));
    expect_in(twice * 100 / once, 50, 200, "TSC against PM timer over 2 and over 4 ms, in percent");
}

static void start_one_shot(void)
{
    apic_timer(VECTOR, 0, 10 * apic_timer_counts(1000));
}

static void lapic_one_shot(void)
{
    uint32_t ms = apic_timer_counts(1000);
    say("INFO: the LAPIC timer runs at about %u kHz after division by 16", ms);
    expect_in(time_for(start_one_shot, &hits, 1, "LAPIC one-shot"), 9000, 90000, "LAPIC one-shot after 10 ms, in us");
    expect(count_for(30000), 0, "and not again");
    expect(apic_read(LAPIC_TIMER_CURRENT), 0, "its count stays 0");
    apic_timer(VECTOR, 0, 20000 * ms);
    uint32_t first = apic_read(LAPIC_TIMER_CURRENT);
    machine_wait_us(2000);
    uint32_t second = apic_read(LAPIC_TIMER_CURRENT);
    check(second < first && first <= 20000 * ms, "the current count runs down");
    apic_write(LAPIC_TIMER_INITIAL, 0);
    expect(apic_read(LAPIC_TIMER_CURRENT), 0, "writing 0 stops it");
}

static void start_periodic(void)
{
    apic_timer(VECTOR, APIC_TIMER_PERIODIC, 2 * apic_timer_counts(1000));
}

static void unmask_periodic(void)
{
    apic_write(LAPIC_LVT_TIMER, APIC_TIMER_PERIODIC | VECTOR);
}

static void lapic_periodic(void)
{
    expect_in(time_for(start_periodic, &hits, 20, "LAPIC periodic"), 36000, 400000, "20 times 2 ms, in us");
    apic_write(LAPIC_LVT_TIMER, APIC_TIMER_PERIODIC | APIC_LVT_MASKED | VECTOR);
    (void)count_for(100); /* one that was pending may still come */
    expect(count_for(20000), 0, "masked, it does not fire");
    check(time_for(unmask_periodic, &hits, 4, "LAPIC periodic, unmasked") < 3000000, "unmasked, it goes on");
    apic_timer(VECTOR, APIC_LVT_MASKED, 0);
    (void)count_for(100);
}

static void lapic_divide(void)
{
    uint32_t ms = apic_timer_counts(1000);
    apic_timer(VECTOR, APIC_LVT_MASKED, 100 * ms);
    apic_write(LAPIC_TIMER_DIVIDE, 0xb); /* by 1 */
    apic_write(LAPIC_TIMER_INITIAL, 16000 * ms);
    machine_wait_us(10000);
    uint32_t gone = 16000 * ms - apic_read(LAPIC_TIMER_CURRENT);
    apic_write(LAPIC_TIMER_INITIAL, 0);
    expect_in(gone / ms, 150, 8000, "divided by 1, 10 ms take 16 times the counts");
}

#define TSC_DEADLINE_MODE (2u << 17)
#define MSR_TSC 0x10
#define MSR_TSC_DEADLINE 0x6e0

static volatile uint64_t hit_tsc;
static uint64_t tsc_ms, armed;

static void on_deadline(struct trap_frame *frame)
{
    hit_tsc = cpu_tsc();
    on_interrupt(frame);
}

static void arm(uint64_t ms)
{
    armed = cpu_tsc() + ms * tsc_ms;
    msr_write(MSR_TSC_DEADLINE, armed);
}

static void start_deadline(void)
{
    arm(10);
}

/* IA32_TSC jumps over the deadline, or away from it. */
static void start_far_and_jump(void)
{
    arm(20000);
    msr_write(MSR_TSC, cpu_tsc() + 20000 * tsc_ms);
}

static void other_modes_know_no_deadline(void)
{
    arm(20000);
    apic_write(LAPIC_TIMER_INITIAL, 1000);
    expect(apic_read(LAPIC_TIMER_INITIAL), 0, "the initial count is not written in this mode");
    expect(apic_read(LAPIC_TIMER_CURRENT), 0, "and the current count reads 0");
    apic_write(LAPIC_LVT_TIMER, APIC_LVT_MASKED);
    apic_write(LAPIC_LVT_TIMER, TSC_DEADLINE_MODE | VECTOR);
    expect(msr_read(MSR_TSC_DEADLINE), 0, "leaving the mode disarms");
    apic_write(LAPIC_LVT_TIMER, VECTOR);
    arm(1);
    expect(msr_read(MSR_TSC_DEADLINE), 0, "in one-shot mode the deadline reads 0");
    expect(count_for(5000), 0, "and does not fire");
}

static void lapic_tsc_deadline(void)
{
    if ((cpu_cpuid(1, 0).ecx & 1 << 24) == 0) {
        check(!on_bulkhead(), "TSC-deadline mode is offered by Bulkhead");
        skip("TSC-deadline timer", "CPUID does not offer it");
        return;
    }
    tsc_ms = tsc_per_100_ticks(4000) * (PM_TIMER_HZ / 1000) / 100;
    trap_handle(VECTOR, on_deadline);
    apic_write(LAPIC_LVT_TIMER, TSC_DEADLINE_MODE | VECTOR);
    expect_in(time_for(start_deadline, &hits, 1, "TSC deadline"), 9000, 90000, "TSC deadline after 10 ms, in us");
    check(hit_tsc >= armed, "the TSC had reached the deadline");
    expect(msr_read(MSR_TSC_DEADLINE), 0, "it reads 0 once it has fired");
    expect(count_for(30000), 0, "and does not fire again");
    arm(60); /* more than a turn of whoever shares the CPU, which may come before the next line */
    msr_write(MSR_TSC_DEADLINE, 0);
    expect(count_for(100000), 0, "writing 0 disarms it");
    hits = 0;
    msr_write(MSR_TSC_DEADLINE, 1);
    cpu_irq_enable();
    check(machine_wait_for(&hits, 1, 3000000), "a deadline in the past fires at once");
    cpu_irq_disable();
    expect_in(time_for(start_far_and_jump, &hits, 1, "TSC deadline that a write of IA32_TSC jumped over"), 0, 90000,
              "after that write, in us");
    check(hit_tsc >= armed, "the TSC shows what was written");
    arm(60); /* more than a turn of whoever shares the CPU, which may come before the next line */
    msr_write(MSR_TSC, cpu_tsc() - 20000 * tsc_ms);
    expect(count_for(100000), 0, "the TSC moved back, the deadline is far");
    expect(msr_read(MSR_TSC_DEADLINE), armed, "and still armed");
    msr_write(MSR_TSC_DEADLINE, 0);
    other_modes_know_no_deadline();
    trap_handle(VECTOR, on_interrupt);
}

static void pit_program(uint8_t channel, uint8_t mode, uint16_t count)
{
    port_write8(0x43, (uint8_t)(channel << 6 | 3 << 4 | mode << 1));
    port_write8((uint16_t)(PLATFORM_PIT_PORT + channel), (uint8_t)count);
    port_write8((uint16_t)(PLATFORM_PIT_PORT + channel), (uint8_t)(count >> 8));
}

static void start_pit(void)
{
    pit_program(0, 2, PIT_HZ / 1000);
}

static void start_pit_once(void)
{
    pit_program(0, 0, PIT_HZ / 200);
}

static void pit_channel_0(void)
{
    ioapic_route(PLATFORM_PIT_GSI, PIT_VECTOR, apic_id(), 0);
    expect_in(time_for(start_pit, &hits, 50, "PIT channel 0 through the I/O APIC"), 46000, 500000,
              "50 times 1 ms, in us");
    ioapic_route(PLATFORM_PIT_GSI, PIT_VECTOR, apic_id(), APIC_LVT_MASKED);
    (void)count_for(2000);
    expect(count_for(10000), 0, "masked in the I/O APIC, it does not arrive");
    pit_program(0, 0, 1);
    (void)count_for(2000);
    ioapic_route(PLATFORM_PIT_GSI, PIT_VECTOR, apic_id(), 0);
    (void)count_for(2000);
    expect_in(time_for(start_pit_once, &hits, 1, "PIT mode 0"), 4500, 100000, "PIT mode 0 after 5 ms, in us");
    expect(count_for(30000), 0, "and not again");
    ioapic_route(PLATFORM_PIT_GSI, PIT_VECTOR, apic_id(), APIC_LVT_MASKED);
}

static void pit_through_the_pic(void)
{
    trap_handle(PIC_FIRST, on_pic);
    pic_init(PIC_FIRST, 0xfe, 0xff);
    apic_write(LAPIC_LVT_LINT0, APIC_LVT_EXTINT);
    expect_in(time_for(start_pit, &pic_hits, 50, "PIT channel 0 through the 8259 and LINT0"), 46000, 500000,
              "50 times 1 ms, in us");
    pic_init(PIC_FIRST, 0xff, 0xff);
    (void)count_for(100);
    pic_hits = 0;
    (void)count_for(10000);
    apic_write(LAPIC_LVT_LINT0, APIC_LVT_MASKED);
    expect(pic_hits, 0, "masked in the 8259, it does not arrive");
    pit_program(0, 0, 1);
}

static void pit_channel_2(void)
{
    uint8_t gate = port_read8(PIT_GATE_PORT);
    uint64_t shortest = UINT64_MAX;
    port_write8(PIT_GATE_PORT, (uint8_t)((gate & ~2u) | 1));
    pit_program(2, 0, 0xffff);
    check((port_read8(PIT_GATE_PORT) & 0x20) == 0, "PIT channel 2's output is low at first");
    for (unsigned i = 0; i < 3; i++) {
        uint64_t start = now_us();
        pit_program(2, 0, PIT_HZ / 50);
        while ((port_read8(PIT_GATE_PORT) & 0x20) == 0 && now_us() - start < 1000000) {
        }
        uint64_t took = now_us() - start;
        shortest = took < shortest ? took : shortest;
    }
    expect_in(shortest, 19000, 100000, "PIT channel 2 counts 20 ms, in us");
    port_write8(PIT_GATE_PORT, gate);
}

static uint8_t rtc(uint8_t index)
{
    port_write8(PLATFORM_RTC_PORT, index);
    return port_read8(PLATFORM_RTC_PORT + 1);
}

static void clock(void)
{
    check((rtc(0xd) & 0x80) != 0, "the RTC says that its contents are valid");
    uint8_t seconds = rtc(0), first = seconds;
    uint64_t start = now_us();
    while (rtc(0) == seconds && now_us() - start < 1500000) {
        machine_wait_us(1000);
    }
    check(rtc(0) != first, "the RTC's seconds move within 1.5 s");
    expect_in(rtc(8) & 0x1f, 1, 0x12, "the RTC's month");
}

void guest_main(void)
{
    trap_handle(VECTOR, on_interrupt);
    trap_handle(PIT_VECTOR, on_interrupt);
    pm_timer();
    lapic_one_shot();
    lapic_periodic();
    lapic_divide();
    lapic_tsc_deadline();
    pit_channel_0();
    pit_through_the_pic();
    pit_channel_2();
    clock();
}
