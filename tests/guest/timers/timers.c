/* SPDX-License-Identifier: GPL-2.0-only
 * Clocks and timers: the LAPIC's, the PIT's, the PM timer and the TSC, against each other. The emulator's host may be
 * busy, so the limits are wide; what counts is kinds of error: wrong unit, lost, twice, masked but there. */
#include "guest/vlapic.h"
#include "guest/platform.h"
#include "kernel/hw/cpu.h"
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

static void pm_timer(void)
{
    uint64_t last = machine_ticks(), changes = 0, tsc = cpu_tsc();
    unsigned backwards = 0;
    for (unsigned i = 0; i < 5000; i++) {
        uint64_t now = machine_ticks();
        backwards += now - last > PM_TIMER_HZ; /* a step back shows as nearly a whole turn */
        changes += now != last;
        last = now;
    }
    expect(backwards, 0, "the PM timer never goes back");
    check(changes > 10, "the PM timer moves");
    uint64_t first = cpu_tsc();
    machine_wait_us(20000);
    uint64_t second = cpu_tsc() - first;
    first = cpu_tsc();
    machine_wait_us(40000);
    uint64_t third = cpu_tsc() - first;
    say("INFO: the TSC runs at about %llu kHz by the PM timer", (unsigned long long)(second / 20));
    expect_in(third * 100 / second, 150, 300, "40 ms take twice the TSC ticks of 20 ms, in percent");
    check(cpu_tsc() > tsc, "the TSC moves");
}

static void lapic_one_shot(void)
{
    uint32_t ms = apic_timer_counts(1000);
    say("INFO: the LAPIC timer runs at about %u kHz after division by 16", ms);
    apic_timer(VECTOR, 0, 10 * ms);
    uint64_t start = now_us();
    hits = 0;
    cpu_irq_enable();
    check(machine_wait_for(&hits, 1, 1000000), "LAPIC one-shot fires");
    uint64_t took = now_us() - start;
    cpu_irq_disable();
    expect_in(took, 8000, 60000, "after 10 ms, in us");
    expect(count_for(30000), 0, "and not again");
    expect(apic_read(LAPIC_TIMER_CURRENT), 0, "its count stays 0");
    apic_timer(VECTOR, 0, 1000 * ms);
    uint32_t first = apic_read(LAPIC_TIMER_CURRENT);
    machine_wait_us(2000);
    uint32_t second = apic_read(LAPIC_TIMER_CURRENT);
    check(second < first && first <= 1000 * ms, "the current count runs down");
    apic_write(LAPIC_TIMER_INITIAL, 0);
    expect(apic_read(LAPIC_TIMER_CURRENT), 0, "writing 0 stops it");
}

static void lapic_periodic(void)
{
    uint32_t ms = apic_timer_counts(1000);
    apic_timer(VECTOR, APIC_TIMER_PERIODIC, 2 * ms);
    expect_in(count_for(100000), 30, 52, "LAPIC periodic, 2 ms, in 100 ms");
    apic_write(LAPIC_LVT_TIMER, APIC_TIMER_PERIODIC | APIC_LVT_MASKED | VECTOR);
    (void)count_for(100); /* one that was pending may still come */
    expect(count_for(20000), 0, "masked, it does not fire");
    apic_write(LAPIC_LVT_TIMER, APIC_TIMER_PERIODIC | VECTOR);
    check(count_for(20000) >= 4, "unmasked, it goes on");
    apic_timer(VECTOR, APIC_LVT_MASKED, 0);
    (void)count_for(100);
}

static void lapic_divide(void)
{
    uint32_t ms = apic_timer_counts(1000);
    apic_timer(VECTOR, APIC_LVT_MASKED, 100 * ms);
    apic_write(LAPIC_TIMER_DIVIDE, 0xb); /* by 1 */
    apic_write(LAPIC_TIMER_INITIAL, 1600 * ms);
    machine_wait_us(10000);
    uint32_t gone = 1600 * ms - apic_read(LAPIC_TIMER_CURRENT);
    apic_write(LAPIC_TIMER_INITIAL, 0);
    expect_in(gone / ms, 120, 640, "divided by 1, 10 ms take 16 times the counts");
}

static void pit_program(uint8_t channel, uint8_t mode, uint16_t count)
{
    port_write8(0x43, (uint8_t)(channel << 6 | 3 << 4 | mode << 1));
    port_write8((uint16_t)(PLATFORM_PIT_PORT + channel), (uint8_t)count);
    port_write8((uint16_t)(PLATFORM_PIT_PORT + channel), (uint8_t)(count >> 8));
}

static void pit_channel_0(void)
{
    ioapic_route(PLATFORM_PIT_GSI, PIT_VECTOR, apic_id(), 0);
    pit_program(0, 2, PIT_HZ / 1000);
    expect_in(count_for(100000), 60, 115, "PIT channel 0, 1 kHz, through the I/O APIC, in 100 ms");
    ioapic_route(PLATFORM_PIT_GSI, PIT_VECTOR, apic_id(), APIC_LVT_MASKED);
    (void)count_for(2000);
    expect(count_for(10000), 0, "masked in the I/O APIC, it does not arrive");
    pit_program(0, 0, PIT_HZ / 200); /* mode 0: one interrupt after 5 ms */
    ioapic_route(PLATFORM_PIT_GSI, PIT_VECTOR, apic_id(), 0);
    expect_in(count_for(30000), 1, 1, "PIT mode 0 fires once");
    ioapic_route(PLATFORM_PIT_GSI, PIT_VECTOR, apic_id(), APIC_LVT_MASKED);
}

static void pit_through_the_pic(void)
{
    trap_handle(PIC_FIRST, on_pic);
    pic_init(PIC_FIRST, 0xfe, 0xff);
    apic_write(LAPIC_LVT_LINT0, APIC_LVT_EXTINT);
    pit_program(0, 2, PIT_HZ / 1000);
    pic_hits = 0;
    (void)count_for(100000);
    uint32_t through = pic_hits;
    pic_init(PIC_FIRST, 0xff, 0xff);
    pic_hits = 0;
    (void)count_for(10000);
    apic_write(LAPIC_LVT_LINT0, APIC_LVT_MASKED);
    expect_in(through, 60, 115, "PIT channel 0 through the 8259 and LINT0, in 100 ms");
    expect(pic_hits, 0, "masked in the 8259, it does not arrive");
    pit_program(0, 0, 1);
}

static void pit_channel_2(void)
{
    uint8_t gate = port_read8(PIT_GATE_PORT);
    port_write8(PIT_GATE_PORT, (uint8_t)((gate & ~2u) | 1));
    pit_program(2, 0, PIT_HZ / 50);
    uint64_t start = now_us();
    check((port_read8(PIT_GATE_PORT) & 0x20) == 0, "PIT channel 2's output is low at first");
    while ((port_read8(PIT_GATE_PORT) & 0x20) == 0 && now_us() - start < 500000) {
    }
    expect_in(now_us() - start, 18000, 60000, "PIT channel 2 counts 20 ms, in us");
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
    pit_channel_0();
    pit_through_the_pic();
    pit_channel_2();
    clock();
}
