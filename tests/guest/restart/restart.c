/* SPDX-License-Identifier: GPL-2.0-only
 * Two guests for restarts. By default it finds its memory clean, has its edu write to memory without end, and after
 * "ms=N" resets itself (0: runs until somebody stops it); with "button=1" it switches itself off when its power button
 * is pressed. With "count=1" it stands beside such a one: for "ms=N" it
 * counts ticks of its PIT, which come late rather than never, and interrupts of its own edu: none may be lost. */
#include "guest/platform.h"
#include "guest/pm1.h"
#include "guest/vioapic.h"
#include "guest/vlapic.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/port.h"
#include "kernel/lib/bits.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/edu.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define RESET_PORT 0xcf9
#define MARK UINT64_C(0x7265737461727421)
#define EDU_BYTES 2048u
#define PLACES 64u
#define PLACE_STEP (16 * KIB)
#define MESSAGE 0xfee00000u
#define TICK_VECTOR 0x53
#define DEVICE_VECTOR 0x54
#define PIT_COMMAND 0x43
#define PIT_DATA 0x40
#define PIT_HZ 1193182u
#define PIT_PIN 2
#define TICKS_A_SECOND 100u
#define LATE_MS 2000u
#define BUTTON_VECTOR 0x55

static struct edu edu;
static volatile uint32_t ticks, interrupts, raised, pressed;

/* --- restarted */

static volatile uint64_t *place(unsigned index)
{
    return (volatile uint64_t *)(align_up((uintptr_t)image_end, PLACE_STEP) + (uintptr_t)index * PLACE_STEP);
}

static bool is_clean(void)
{
    for (unsigned i = 0; i < PLACES; i++) {
        if (*place(i) != 0) {
            return false;
        }
    }
    return true;
}

static void mark_all(void)
{
    for (unsigned i = 0; i < PLACES; i++) {
        *place(i) = MARK;
    }
}

/* The SCI of its power button, level-triggered: cleared where it comes from. */
static void on_button(struct trap_frame *frame)
{
    (void)frame;
    pressed += (port_read16(PLATFORM_PM1_EVENT_PORT) & PM1_POWER_BUTTON) != 0;
    port_write16(PLATFORM_PM1_EVENT_PORT + PM1_STATUS, PM1_POWER_BUTTON);
    apic_eoi();
}

static void hear_button(void)
{
    apic_init();
    trap_handle(BUTTON_VECTOR, on_button);
    ioapic_route(PLATFORM_SCI_IRQ, BUTTON_VECTOR, apic_id(), (uint32_t)IOAPIC_ENTRY_LEVEL);
    cpu_irq_enable();
    port_write16(PLATFORM_PM1_EVENT_PORT + PM1_ENABLE, PM1_POWER_BUTTON);
}

static void switch_off(void)
{
    cpu_irq_disable();
    expect(pressed, 1, "the power button was pressed once");
    machine_power_off();
}

/* The engine is given its next transfer as soon as it is idle, and is in the middle of one when the guest stops. */
static void write_for(uint64_t ms)
{
    uint64_t end = machine_ticks() + ms * PM_TIMER_HZ / 1000;
    for (unsigned i = 0; ms == 0 || machine_ticks() < end; i++) {
        if (pressed != 0) {
            switch_off();
        }
        edu_start(&edu, (uintptr_t)place(i % PLACES), EDU_BYTES);
        while (edu_is_busy(&edu) && (ms == 0 || machine_ticks() < end)) {
            machine_wait_us(1000);
        }
    }
}

static void be_restarted(void)
{
    uint64_t ms = machine_option("ms", 0);
    check(is_clean(), "memory is clean");
    mark_all();
    if (!check(edu_find(&edu), "an edu")) {
        return;
    }
    if (machine_option("button", 0) != 0) {
        hear_button();
    }
    say("RESTART: writes");
    write_for(ms);
    port_write8(RESET_PORT, 0x06);
    machine_wait_us(1000000);
    check(false, "port 0xCF9 resets");
}

/* --- beside */

static void on_tick(struct trap_frame *frame)
{
    (void)frame;
    ticks++;
    if (edu.base != 0 && raised == interrupts) {
        raised++;
        edu_raise(&edu);
    }
    apic_eoi();
}

static void on_interrupt(struct trap_frame *frame)
{
    (void)frame;
    interrupts++;
    edu_acknowledge(&edu);
    apic_eoi();
}

static void count(uint64_t ms)
{
    ioapic_route(PIT_PIN, TICK_VECTOR, apic_id(), 0);
    port_write8(PIT_COMMAND, 0x34); /* counter 0, both bytes, mode 2 */
    port_write8(PIT_DATA, (PIT_HZ / TICKS_A_SECOND) & 0xff);
    port_write8(PIT_DATA, PIT_HZ / TICKS_A_SECOND >> 8);
    uint64_t end = machine_ticks() + ms * PM_TIMER_HZ / 1000;
    while (machine_ticks() < end) {
        cpu_irq_enable();
        cpu_irq_wait();
        cpu_irq_disable();
    }
}

/* Those that are owed come, and with the last of them what it asked of the edu. */
static void wait_for_late(uint64_t due)
{
    cpu_irq_enable();
    (void)machine_wait_for(&ticks, (uint32_t)due, LATE_MS * 1000);
    ioapic_route(PIT_PIN, TICK_VECTOR, apic_id(), APIC_LVT_MASKED);
    (void)machine_wait_for(&interrupts, raised, LATE_MS * 1000);
    cpu_irq_disable();
}

static void stand_by(void)
{
    uint64_t ms = machine_option("ms", 1000);
    apic_init();
    trap_handle(TICK_VECTOR, on_tick);
    trap_handle(DEVICE_VECTOR, on_interrupt);
    if (edu_find(&edu)) {
        check(edu_msi(&edu, true, MESSAGE | apic_id() << 12, DEVICE_VECTOR), "the edu has MSI");
    }
    say("COUNT: begins");
    uint64_t due = ms * TICKS_A_SECOND / 1000, from = machine_ticks();
    count(ms);
    wait_for_late(due - 1);
    uint64_t most = (machine_ticks() - from) * TICKS_A_SECOND / PM_TIMER_HZ + 1;
    say("COUNT: ticks=%u due=%llu device-interrupts=%u raised=%u", ticks, (unsigned long long)due, interrupts, raised);
    expect_in(ticks, due - 1, most, "ticks");
    if (edu.base != 0) {
        expect(interrupts, raised, "interrupts of the edu");
        expect_in(raised, due / 2, most, "of them one for most ticks");
    }
}

void guest_main(void)
{
    trap_init();
    if (machine_option("count", 0) != 0) {
        stand_by();
    } else {
        be_restarted();
    }
}
