/* SPDX-License-Identifier: GPL-2.0-only
 * A guest whose edu device breaks the rules, until the hypervisor does something about it. "mode=0": DMA beyond its RAM
 * until the device is taken from it; "mode=1": until it is started again, which it learns from the device's buffer
 * (edu has no reset); "mode=2": more interrupts than it may; "mode=3": "times" accesses at once, where the device can
 * (Bochs); "mode=4": the same by an 82574L's ring of descriptors (QEMU). "mode=6": DMA to where its
 * BAR was before; "mode=7": as 0, and then a reset, which does not bring the device back. "mode=5" has no device and
 * measures what it gets done meanwhile, in "windows" of a second. Lines "POLICY: ..." tell. */
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "kernel/lib/bits.h"
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
#define NIC_ID 0x10d38086u
#define NIC_TCTL 0x400
#define NIC_TCTL_ON 0xa /* enable, pad short packets */
#define NIC_TDBAL 0x3800
#define NIC_TDBAH 0x3804
#define NIC_TDLEN 0x3808
#define NIC_TDH 0x3810
#define NIC_TDT 0x3818
#define NIC_DESCRIPTORS 256u
#define NIC_PACKET UINT64_C(0x0b000040) /* end of packet, checksum, report; 64 bytes */
#define SHARE_OF_WINDOW 4               /* measured first, for how long a window is */
#define WINDOW_US 1000000
#define WINDOWS_MAX 64
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
    uint64_t from = machine_ticks();
    for (unsigned i = 0; i < RAISES; i++) {
        edu_raise(&edu);
    }
    machine_wait_us(1000);
    uint32_t first = came;
    say("POLICY: raised=%u came=%u", RAISES, first);
    uint64_t seconds = (machine_ticks() - from) / PM_TIMER_HZ; /* a loaded emulator takes more than one */
    check(first <= (limit + 1) * (seconds + 1), "no more came than may");
    check(first >= limit / 10, "those within the limit came"); /* several become one */
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

/* The hypervisor remembers what was there. */
static void use_a_place_that_moved(void)
{
    uint32_t before = (uint32_t)edu.base, after = before + 0x1000000;
    config_write(0x10, after);
    edu.base = after;
    expect(mmio_read32(hpa(edu.base)) & 0xff, 0xed, "the BAR moved"); /* what its id ends in */
    say("POLICY: moved from 0x%x to 0x%x", before, after);
    check(edu_from_device(&edu, before, 64), "DMA to where it was ends");
}

static void reset_after_the_stop(void)
{
    break_rules_until_stopped();
    say("POLICY: resets itself");
    port_write8(0xcf9, 6);
    for (;;) {
        cpu_pause();
    }
}

struct descriptor {
    uint64_t address, command;
};

/* Each turn of the tail is 255 packets from where nothing is. */
static void flood_by_ring(void)
{
    static struct descriptor ring[NIC_DESCRIPTORS] __attribute__((aligned(4096)));
    struct edu *nic = &edu; /* its place on the bus */
    nic->device = 0;
    while (nic->device < 32 && config_read(0) != NIC_ID) {
        nic->device++;
    }
    if (!check(nic->device < 32, "there is an 82574L")) {
        return;
    }
    nic->base = config_read(0x10) & ~UINT32_C(0xf);
    config_write(4, 6);
    for (unsigned i = 0; i < NIC_DESCRIPTORS; i++) {
        ring[i] = (struct descriptor){BEYOND + 4096 * i, NIC_PACKET};
    }
    mmio_write32(hpa(nic->base + NIC_TDBAL), (uint32_t)(uintptr_t)ring);
    mmio_write32(hpa(nic->base + NIC_TDBAH), 0);
    mmio_write32(hpa(nic->base + NIC_TDLEN), sizeof(ring));
    mmio_write32(hpa(nic->base + NIC_TDH), 0);
    mmio_write32(hpa(nic->base + NIC_TDT), 0);
    mmio_write32(hpa(nic->base + NIC_TCTL), NIC_TCTL_ON);
    uint64_t requests = 0, times = machine_option("times", 1000000);
    for (uint32_t tail = 0; requests < times; requests += NIC_DESCRIPTORS - 1) {
        tail = (tail + NIC_DESCRIPTORS - 1) % NIC_DESCRIPTORS;
        mmio_write32(hpa(nic->base + NIC_TDT), tail);
    }
    say("POLICY: ring requests=%llu", (unsigned long long)requests);
    check(mmio_read32(hpa(nic->base + NIC_TDH)) == mmio_read32(hpa(nic->base + NIC_TDT)), "the ring was read");
}

static uint64_t work_until(uint64_t tsc)
{
    uint64_t done = 0;
    while (cpu_tsc() < tsc) {
        done++;
    }
    return done;
}

static void measure_progress(void)
{
    uint64_t from = cpu_tsc();
    machine_wait_us(WINDOW_US / SHARE_OF_WINDOW);
    uint64_t ticks = (cpu_tsc() - from) * SHARE_OF_WINDOW, least = UINT64_MAX, most = 0;
    uint64_t windows = machine_option("windows", 4);
    for (uint64_t i = 0; i < windows && i < WINDOWS_MAX; i++) {
        uint64_t done = work_until(cpu_tsc() + ticks);
        least = done < least ? done : least;
        most = done > most ? done : most;
    }
    say("POLICY: progress least=%llu most=%llu percent=%llu", (unsigned long long)least, (unsigned long long)most,
        (unsigned long long)(least * 100 / (most != 0 ? most : 1)));
    check(least * 20 >= most, "it got its work done all the time");
}

void guest_main(void)
{
    uint64_t mode = machine_option("mode", 0);
    if (mode == 4) {
        flood_by_ring();
        return;
    }
    if (mode == 5) {
        measure_progress();
        return;
    }
    bool found = edu_find(&edu);
    if (mode == 7 && !found) {
        say("POLICY: no edu");
        return;
    }
    if (!check(found, "there is an edu device")) {
        return;
    }
    say("POLICY: edu at 00:%02x.0", edu.device);
    switch (mode) {
    case 0:
        break_rules_until_stopped();
        break;
    case 1:
        break_rules_until_restarted();
        break;
    case 2:
        interrupt_too_often();
        break;
    case 6:
        use_a_place_that_moved();
        break;
    case 7:
        reset_after_the_stop();
        break;
    default:
        flood();
        break;
    }
}
