/* SPDX-License-Identifier: GPL-2.0-only
 * One CPU's local APIC: priorities, in-service and request bits, CR8, levels, HLT, the 8259 beside it (SDM 3A 11.8). */
#include "guest/platform.h"
#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/port.h"
#include "tests/guest/apic/apic.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define LOW 0x51
#define LOW_TWIN 0x55 /* same class */
#define HIGH 0x91
#define LEVEL 0xa3
#define PIC_FIRST 0x20
#define UART_GSI 4
#define UART_INTERRUPTS (PLATFORM_COM1_PORT + 1)
#define UART_IDENTITY (PLATFORM_COM1_PORT + 2)
#define UART_EMPTY 2
#define IOAPIC_LEVEL (1u << 15)
#define REPEATS 5
#define PIT_HZ 1193182

static struct {
    uint8_t order[16]; /* vectors as their handlers began */
    uint32_t count;
    volatile uint32_t handled, pic;
    uint32_t in_service, priority, trigger_bits; /* what the last handler saw */
    uint32_t left;                               /* level interrupts that leave the line asserted */
} seen;

static uint64_t read_cr8(void)
{
    uint64_t value;
    asm volatile("mov %%cr8, %0" : "=r"(value));
    return value;
}

static void write_cr8(uint64_t value)
{
    asm volatile("mov %0, %%cr8" : : "r"(value) : "memory");
}

static void to_self(uint8_t vector)
{
    apic_ipi(0, APIC_ICR_SELF | vector | APIC_ICR_ASSERT);
}

static void on_interrupt(struct trap_frame *frame)
{
    uint8_t vector = (uint8_t)frame->vector;
    seen.order[seen.count++ % sizeof(seen.order)] = vector;
    seen.in_service += apic_vector_bit(LAPIC_ISR, vector);
    seen.trigger_bits += apic_vector_bit(LAPIC_TMR, vector);
    seen.priority = apic_read(LAPIC_PPR);
    apic_eoi();
    seen.handled++;
}

/* The lower one lets the higher one in, before its own EOI. */
static void on_low(struct trap_frame *frame)
{
    seen.order[seen.count++ % sizeof(seen.order)] = (uint8_t)frame->vector;
    to_self(LOW_TWIN);
    to_self(HIGH);
    cpu_irq_enable();
    for (unsigned i = 0; i < 1000; i++) {
        cpu_pause();
    }
    cpu_irq_disable();
    apic_eoi();
    seen.handled++;
}

static void forget(void)
{
    for (unsigned i = 0; i < sizeof(seen.order); i++) {
        seen.order[i] = 0;
    }
    seen.count = seen.handled = seen.in_service = seen.trigger_bits = seen.pic = 0;
}

/* Interrupts on until `wanted` were handled and for 1 ms more. */
static void take(uint32_t wanted)
{
    cpu_irq_enable();
    (void)machine_wait_for(&seen.handled, wanted, 500000);
    machine_wait_us(1000);
    cpu_irq_disable();
}

static void priorities(const char *mode)
{
    forget();
    to_self(LOW);
    to_self(HIGH);
    check(apic_vector_bit(LAPIC_IRR, LOW) && apic_vector_bit(LAPIC_IRR, HIGH), "%s: requests wait in IRR", mode);
    take(2);
    expect(seen.order[0] << 8 | seen.order[1], HIGH << 8 | LOW, "%s: the higher vector comes first", mode);
    expect(seen.in_service, 2, "%s: each handler saw its bit in ISR", mode);
    expect(seen.priority, LOW & 0xf0, "%s: the handler's class was the processor priority", mode);
    expect(seen.trigger_bits, 0, "%s: edges have no TMR bit", mode);
    check(!apic_vector_bit(LAPIC_IRR, LOW) && !apic_vector_bit(LAPIC_ISR, LOW), "%s: nothing is left of them", mode);
    forget();
    trap_handle(LOW, on_low);
    to_self(LOW);
    take(3);
    trap_handle(LOW, on_interrupt);
    expect(seen.order[0] << 16 | seen.order[1] << 8 | seen.order[2], LOW << 16 | HIGH << 8 | LOW_TWIN,
           "%s: a higher class interrupts a handler, the same class waits for its EOI", mode);
}

static void task_priority(const char *mode)
{
    forget();
    write_cr8(LOW >> 4);
    expect(apic_read(LAPIC_TPR), LOW & 0xf0, "%s: CR8 shows in TPR", mode);
    to_self(LOW);
    to_self(HIGH);
    take(1);
    expect(seen.order[0] << 8 | seen.handled, HIGH << 8 | 1, "%s: TPR holds its own class back", mode);
    cpu_irq_enable();
    write_cr8(0);
    (void)machine_wait_for(&seen.handled, 2, 500000);
    cpu_irq_disable();
    expect(seen.handled, 2, "%s: lowering CR8 lets it in", mode);
    apic_write(LAPIC_TPR, 0x9f);
    expect(read_cr8(), 9, "%s: TPR shows in CR8", mode);
    to_self(HIGH);
    cpu_irq_enable();
    machine_wait_us(1000);
    expect(seen.handled, 2, "%s: TPR holds 0x91 back", mode);
    apic_write(LAPIC_TPR, 0);
    (void)machine_wait_for(&seen.handled, 3, 500000);
    cpu_irq_disable();
    expect(seen.handled, 3, "%s: a write of TPR lets it in", mode);
}

/* The line stays up until the UART's identity register is read. */
static void on_level(struct trap_frame *frame)
{
    (void)frame;
    seen.trigger_bits += apic_vector_bit(LAPIC_TMR, LEVEL);
    if (seen.left-- == 1) {
        (void)port_read8(UART_IDENTITY);
        port_write8(UART_INTERRUPTS, 0);
    }
    seen.handled++;
    apic_eoi();
}

static void levels(const char *mode, uint32_t flags, uint32_t destination, const char *how)
{
    forget();
    machine_wait_us(2000); /* the transmitter is empty */
    seen.left = REPEATS;
    trap_handle(LEVEL, on_level);
    ioapic_route(UART_GSI, LEVEL, destination, IOAPIC_LEVEL | flags);
    port_write8(PLATFORM_COM1_PORT + 4, 8); /* OUT2: lets the interrupt out */
    port_write8(UART_INTERRUPTS, UART_EMPTY);
    take(REPEATS);
    ioapic_route(UART_GSI, LEVEL, destination, APIC_LVT_MASKED);
    expect(seen.handled, REPEATS, "%s: a level comes again after each EOI until it drops (%s)", mode, how);
    expect(seen.trigger_bits, REPEATS, "%s: with its TMR bit", mode);
    port_write8(UART_INTERRUPTS, 0);
}

static void on_pic(struct trap_frame *frame)
{
    (void)frame;
    seen.pic++;
    port_write8(0x20, 0x20);
}

static void pit_every_us(uint32_t us)
{
    uint32_t count = (uint32_t)((uint64_t)us * PIT_HZ / 1000000);
    count = count < UINT16_MAX ? count : UINT16_MAX;
    port_write8(0x43, 0x34);
    port_write8(PLATFORM_PIT_PORT, (uint8_t)count);
    port_write8(PLATFORM_PIT_PORT, (uint8_t)(count >> 8));
}

/* The 8259's interrupts know no priority of the local APIC; both sources run at once, and out of HLT. */
static void beside_the_pic(const char *mode)
{
    forget();
    trap_handle(PIC_FIRST, on_pic);
    pic_init(PIC_FIRST, 0xfe, 0xff);
    apic_write(LAPIC_LVT_LINT0, APIC_LVT_EXTINT);
    pit_every_us(1000 * machine_slowness());
    apic_timer(LOW, APIC_TIMER_PERIODIC, apic_timer_counts(1300 * machine_slowness()));
    uint64_t until = machine_ticks() + 10 * (uint64_t)PM_TIMER_HZ;
    while ((seen.pic < 20 || seen.handled < 20) && machine_ticks() < until) {
        cpu_irq_wait();
        cpu_irq_disable();
    }
    check(seen.pic >= 20 && seen.handled >= 20, "%s: the 8259's and the timer's interrupts come side by side", mode);
    apic_write(LAPIC_LVT_TIMER, APIC_LVT_MASKED);
    write_cr8(15);
    seen.pic = seen.handled = 0;
    cpu_irq_enable();
    (void)machine_wait_for(&seen.pic, 5, 1000000);
    cpu_irq_disable();
    check(seen.pic >= 5, "%s: TPR does not hold the 8259 back", mode);
    write_cr8(0);
    pic_init(PIC_FIRST, 0xff, 0xff);
    apic_write(LAPIC_LVT_LINT0, APIC_LVT_MASKED);
    cpu_irq_enable();
    machine_wait_us(100);
    cpu_irq_disable();
}

/* QEMU's own local APIC neither records errors nor masks when it is disabled. */
static bool is_exact(void)
{
    if (!on_bulkhead()) {
        skip("errors and software disabling", "QEMU's local APIC does not have them");
    }
    return on_bulkhead();
}

static void errors(const char *mode)
{
    apic_write(LAPIC_ESR, 0);
    to_self(5);
    apic_write(LAPIC_ESR, 0);
    expect(apic_read(LAPIC_ESR) & 0x60, 0x20, "%s: an illegal vector is a send error", mode);
    apic_write(LAPIC_ESR, 0);
    expect(apic_read(LAPIC_ESR), 0, "%s: and forgotten by the next write", mode);
}

static void software_disabled(const char *mode)
{
    forget();
    apic_write(LAPIC_LVT_TIMER, LOW);
    apic_write(LAPIC_SVR, APIC_SPURIOUS_VECTOR);
    check((apic_read(LAPIC_LVT_TIMER) & APIC_LVT_MASKED) != 0, "%s: software-disabled, LVT entries are masked", mode);
    apic_write(LAPIC_LVT_TIMER, LOW);
    check((apic_read(LAPIC_LVT_TIMER) & APIC_LVT_MASKED) != 0, "%s: and stay so", mode);
    apic_init();
    to_self(LOW);
    take(1);
    expect(seen.handled, 1, "%s: enabled again, it works", mode);
}

void local_battery(const char *mode)
{
    static const uint8_t vectors[] = {LOW, LOW_TWIN, HIGH};
    for (unsigned i = 0; i < sizeof(vectors); i++) {
        trap_handle(vectors[i], on_interrupt);
    }
    priorities(mode);
    task_priority(mode);
    levels(mode, 0, apic_id(), "physical");
    levels(mode, APIC_ICR_LOGICAL, 1u << apic_id(), "logical");
    beside_the_pic(mode);
    if (is_exact()) {
        errors(mode);
        software_disabled(mode);
    }
}
