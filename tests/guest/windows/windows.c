/* SPDX-License-Identifier: GPL-2.0-only
 * When a pending interrupt is taken: interrupt flag, shadows of STI and MOV SS, HLT, task priority, order. */
#include "tests/guest/windows/windows.h"

#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define VECTOR 0x51
#define HIGHER 0x71
#define ROUNDS 200
/* Under TCG on a loaded machine one window in some thousands ends before its interrupt is looked at. */
#define LATE_MAX 2

static volatile uint32_t hits;
static volatile uint64_t hit_rip;
static volatile uint8_t order[8];
static volatile unsigned order_count;

static void on_interrupt(struct trap_frame *frame)
{
    hits++;
    hit_rip = frame->rip;
    order[order_count++ & 7] = (uint8_t)frame->vector;
    apic_eoi();
}

static void send_self(uint8_t vector)
{
    apic_ipi(0, APIC_ICR_SELF | APIC_ICR_ASSERT | vector);
}

/* Open it until so many came, twice at most: sti_shadow() and each() count the late ones, of many. */
static void open_until(uint32_t wanted, void (*window)(void))
{
    window();
    if (hits < wanted) {
        machine_wait_us(1000);
        window();
    }
}

/* A pending interrupt comes by each of many windows, once. */
static void each(uint64_t cr8, void (*window)(void), const char *what)
{
    unsigned lost = 0, late = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        hits = 0;
        cpu_write_cr8(cr8);
        send_self(VECTOR);
        window();
        if (hits == 0) {
            late++;
            machine_wait_us(1000);
            window();
        }
        lost += hits != 1;
    }
    expect(lost, 0, "%s lets it in, %u times", what, ROUNDS);
    expect_in(late, 0, LATE_MAX, "at the first window, but for those where the emulator was busy");
}

static void flag(void)
{
    hits = 0;
    cpu_irq_disable();
    send_self(VECTOR);
    machine_wait_us(1000);
    expect(hits, 0, "nothing arrives with interrupts off");
    check(apic_vector_bit(LAPIC_IRR, VECTOR), "IRR shows the pending vector");
    cpu_irq_enable();
    machine_wait_us(10);
    cpu_irq_disable();
    expect(hits, 1, "it arrives once when they are on");
    check(!apic_vector_bit(LAPIC_IRR, VECTOR) && !apic_vector_bit(LAPIC_ISR, VECTOR), "IRR and ISR are clear after");
}

static void sti_shadow(void)
{
    unsigned wrong = 0, lost = 0, late = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        hits = 0;
        send_self(VECTOR);
        window_sti_nops();
        if (hits == 0) {
            late++;
            machine_wait_us(1000);
            window_sti_nops();
        }
        lost += hits != 1;
        wrong += hit_rip == (uintptr_t)window_after_sti;
    }
    expect(lost, 0, "STI lets the interrupt in, %u times", ROUNDS);
    expect_in(late, 0, LATE_MAX, "at the first window, but for those where the emulator was busy");
    expect(wrong, 0, "not before the instruction after STI");
    hits = 0;
    send_self(VECTOR);
    for (unsigned i = 0; i < ROUNDS; i++) {
        window_sti_cli();
    }
    expect(hits, 0, "STI; CLI lets nothing in");
    open_until(1, window_sti_nops);
    expect(hits, 1, "it arrives after");
}

static void halt(void)
{
    unsigned right = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        hits = 0;
        send_self(VECTOR);
        cpu_irq_wait(); /* STI; HLT: already pending, so HLT must not sleep for ever */
        right += hits == 1;
    }
    expect(right, ROUNDS, "HLT with a pending interrupt wakes");
    uint32_t count = apic_timer_counts(1000);
    right = 0;
    for (unsigned i = 0; i < 20; i++) {
        hits = 0;
        apic_timer(VECTOR, 0, count);
        cpu_irq_wait();
        right += hits == 1;
    }
    expect(right, 20, "HLT wakes by the timer");
}

static void pending_timer(void)
{
    hits = 0;
    apic_timer(VECTOR, 0, apic_timer_counts(200));
    uint64_t until = machine_ticks() + PM_TIMER_HZ;
    while (!apic_vector_bit(LAPIC_IRR, VECTOR) && machine_ticks() < until) {
    }
    check(hits == 0 && apic_vector_bit(LAPIC_IRR, VECTOR), "a timer that ran out with interrupts off is pending");
    open_until(1, window_sti_nops);
    expect(hits, 1, "and arrives with STI");
    machine_wait_us(500);
    window_sti_nops();
    expect(hits, 1, "once");
}

/* A periodic timer against a loop of MOV SS; NOP: never between the two. */
static void mov_ss_shadow(void)
{
    unsigned between = 0, arrived = 0;
    apic_timer(VECTOR, APIC_TIMER_PERIODIC, apic_timer_counts(100 * machine_slowness()));
    for (unsigned i = 0; i < 100; i++) {
        uint32_t before = hits;
        window_mov_ss(20000);
        arrived += hits != before;
        between += hits != before && hit_rip == (uintptr_t)window_after_mov_ss;
    }
    apic_timer(VECTOR, APIC_LVT_MASKED, 0);
    check(arrived > 0, "interrupts arrive around MOV SS");
    expect(between, 0, "none between MOV SS and the instruction after it");
    window_sti_nops();
}

static void priority(void)
{
    hits = order_count = 0;
    cpu_write_cr8(VECTOR >> 4);
    send_self(VECTOR);
    window_sti_nops();
    expect(hits, 0, "CR8 holds back a vector of its class");
    send_self(HIGHER);
    open_until(1, window_sti_nops);
    expect(hits, 1, "and not one of a higher class");
    open_until(2, window_lower_cr8); /* interrupts on around it */
    expect(hits, 2, "lowering CR8 lets the other in");
    each(VECTOR >> 4, window_lower_cr8, "lowering CR8");
    hits = order_count = 0;
    send_self(VECTOR);
    send_self(HIGHER);
    open_until(1, window_sti_nops);
    open_until(2, window_sti_nops);
    check(order_count == 2 && order[0] == HIGHER && order[1] == VECTOR, "the higher vector comes first");
}

/* POPF and IRET open the window as well. */
static void other_ways(void)
{
    each(0, window_popf, "POPF");
    each(0, window_iret, "IRET");
}

void guest_main(void)
{
    trap_handle(VECTOR, on_interrupt);
    trap_handle(HIGHER, on_interrupt);
    flag();
    sti_shadow();
    halt();
    pending_timer();
    mov_ss_shadow();
    priority();
    other_ways();
}
