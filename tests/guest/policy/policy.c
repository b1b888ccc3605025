/* SPDX-License-Identifier: GPL-2.0-only
 * A guest whose edu device breaks the rules, until the hypervisor does something about it. "mode=0": DMA beyond its RAM
 * until the device is taken from it; "mode=1": until it is started again, which it learns from the device's buffer
 * (edu has no reset); "mode=2": more interrupts than it may; "mode=3": "times" accesses at once, where the device can
 * (Bochs). Lines "POLICY: ..." tell. */
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/edu.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define BEYOND 0x40000000u
#define MARK UINT64_C(0x656b617761206d49)
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define TRIES 40
#define VECTOR 0x51
#define RAISES 2000
#define HELD_US 3000000
#define FLOOD_REPEAT 0xa0
#define FLOOD_STRIDE 0xa8
#define FLOOD_BURST 0xb0

static struct edu edu;
static uint64_t words[16] __attribute__((aligned(4096)));
static volatile uint32_t came;

static void on_interrupt(struct trap_frame *frame)
{
    (void)frame;
    came++;
    apic_eoi();
}

static uint32_t config_read(unsigned offset)
{
    port_write32(CONFIG_ADDRESS, 0x80000000 | edu.device << 11 | offset);
    return port_read32(CONFIG_DATA);
}

static void config_write(unsigned offset, uint32_t value)
{
    port_write32(CONFIG_ADDRESS, 0x80000000 | edu.device << 11 | offset);
    port_write32(CONFIG_DATA, value);
}

static bool is_gone(void)
{
    return config_read(0) == UINT32_MAX;
}

static void break_rules_until_stopped(void)
{
    unsigned tries = 0;
    while (tries < TRIES && !is_gone()) {
        (void)edu_from_device(&edu, BEYOND + 4096 * tries, 64);
        tries++;
    }
    say("POLICY: stopped after %u", tries);
    check(is_gone(), "the device was stopped");
    expect(config_read(4), UINT32_MAX, "its command register reads all ones");
    expect(config_read(0x3c), UINT32_MAX, "so does the last register of its header");
    expect(mmio_read32(hpa(edu.base)), UINT32_MAX, "its BAR reads all ones");
    config_write(4, 6);
    mmio_write64(hpa(edu.base + 0x98), 1);
    expect(config_read(4), UINT32_MAX, "writing does not bring it back");
    machine_wait_us(machine_option("linger", 0) * 1000);
}

static void break_rules_until_restarted(void)
{
    check(edu_from_device(&edu, (uintptr_t)words, 64), "DMA to own RAM ends");
    say("POLICY: buffer %s", words[0] == MARK ? "marked" : "not marked");
    if (words[0] == MARK) {
        words[0] = 0;
        check(edu_to_device(&edu, (uintptr_t)words, 64), "DMA from own RAM ends");
        return;
    }
    words[0] = MARK;
    check(edu_to_device(&edu, (uintptr_t)words, 64), "DMA from own RAM ends");
    for (unsigned i = 0; i < TRIES; i++) {
        (void)edu_from_device(&edu, BEYOND, 64);
    }
    check(false, "this guest was started again");
}

static void interrupt_too_often(void)
{
    trap_handle(VECTOR, on_interrupt);
    check(edu_msi(&edu, true, 0xfee00000, VECTOR), "MSI is on");
    cpu_irq_enable();
    uint32_t limit = (uint32_t)machine_option("limit", 100);
    for (unsigned i = 0; i < RAISES; i++) {
        edu_raise(&edu);
    }
    machine_wait_us(1000);
    uint32_t first = came;
    say("POLICY: raised=%u came=%u", RAISES, first);
    check(first <= limit + 1, "no more came than may");
    check(first >= limit / 4, "those within the limit came"); /* several become one */
    check(machine_wait_for(&came, first + 1, HELD_US), "one comes for all that were dropped");
    machine_wait_us(100000);
    uint32_t before = came;
    edu_raise(&edu);
    check(machine_wait_for(&came, before + 1, HELD_US), "and then they come again");
    cpu_irq_disable();
    edu_acknowledge(&edu);
}

/* Registers that only the edu of our Bochs plugin has: repeat, stride, burst. */
static void flood(void)
{
    uint64_t times = machine_option("times", 1000000);
    mmio_write64(hpa(edu.base + 0x80), 0x40000);
    mmio_write64(hpa(edu.base + 0x88), BEYOND);
    mmio_write64(hpa(edu.base + 0x90), 16);
    mmio_write64(hpa(edu.base + FLOOD_REPEAT), times);
    mmio_write64(hpa(edu.base + FLOOD_STRIDE), 4096);
    mmio_write64(hpa(edu.base + FLOOD_BURST), machine_option("burst", 64));
    mmio_write64(hpa(edu.base + 0x98), 3);
    unsigned looks = 0;
    while (looks < 20000 && (mmio_read64(hpa(edu.base + 0x98)) & 1) != 0) {
        machine_wait_us(1000);
        looks++;
    }
    say("POLICY: flood of %llu", (unsigned long long)times);
    check(is_gone() || looks < 20000, "the flood ends");
}

void guest_main(void)
{
    if (!check(edu_find(&edu), "there is an edu device")) {
        return;
    }
    say("POLICY: edu at 00:%02x.0", edu.device);
    switch (machine_option("mode", 0)) {
    case 0:
        break_rules_until_stopped();
        break;
    case 1:
        break_rules_until_restarted();
        break;
    case 2:
        interrupt_too_often();
        break;
    default:
        flood();
        break;
    }
}
