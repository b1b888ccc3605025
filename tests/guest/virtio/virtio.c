/* SPDX-License-Identifier: GPL-2.0-only
 * A hostile driver of one's own virtio console: rings at bad addresses, loops, huge lengths, jumping indexes, resets
 * while it works, another CPU that changes rings meanwhile. It must say NEEDS_RESET, harm nobody, and work again after
 * a reset. Two CPUs. */
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"
#include "tests/guest/virtio/device.h"

#define FIRST 0x61
#define CONFIG 4u /* the configuration's message */
#define VECTORS 5u
#define LINE_PIN 22u
#define LINE_VECTOR 0x71
#define WAIT_US 500000
#define LARGE 3000u
#define BEYOND (UINT64_C(16) << 20) /* the end of this guest's RAM */

static struct device device;
static volatile uint32_t hits[VECTORS], line_hits;
static char large[LARGE];
static volatile uint32_t scribble;

static void on_message(struct trap_frame *frame)
{
    hits[frame->vector - FIRST]++;
    apic_eoi();
}

static void on_line(struct trap_frame *frame)
{
    (void)frame;
    line_hits += mmio_read8(hpa(device.isr)) != 0; /* reading it takes the line down */
    apic_eoi();
}

static bool wait_for_hit(volatile uint32_t *counter)
{
    cpu_irq_enable();
    bool came = machine_wait_for(counter, 1, WAIT_US);
    cpu_irq_disable();
    return came;
}

/* --- what a good driver sees */

static void prints(void)
{
    check(device_start(&device), "features are agreed on");
    hits[1] = 0;
    check(device_print(&device, "ring says hello\n", WAIT_US), "a line is taken");
    check(wait_for_hit(&hits[1]), "its message comes");
    memset(large, 'x', LARGE);
    large[LARGE - 1] = '\n';
    check(device_print(&device, large, 20 * WAIT_US), "%u bytes are taken, in more than one turn", LARGE);
}

static void line_works(void)
{
    device_messages_off();
    ioapic_route(LINE_PIN, LINE_VECTOR, apic_id(), 1 << 15);
    check(device_start(&device), "without MSI-X");
    line_hits = 0;
    check(device_print(&device, "by the line\n", WAIT_US), "a line is taken");
    check(wait_for_hit(&line_hits), "INTA# comes");
    cpu_irq_enable();
    machine_wait_us(2000);
    cpu_irq_disable();
    expect(line_hits, 1, "and comes once");
    ioapic_route(LINE_PIN, LINE_VECTOR, apic_id(), APIC_LVT_MASKED);
    device_messages(&device, FIRST);
}

static void bars_move(void)
{
    uint64_t before = device.common;
    uint32_t low = device_pci_read(0x10, 4);
    device_pci_write(0x10, 4, 0xc4000000);
    expect(mmio_read16(hpa(0xc4000012)), 4, "its registers move with BAR 0");
    expect(mmio_read16(hpa(before + 0x12)), 0xffff, "and are not where they were");
    device_pci_write(0x10, 4, 0x00200000);
    memset(large, 'y', LARGE);
    expect(mmio_read16(hpa(0xc4000012)), 0xffff, "a BAR over RAM is nowhere");
    device_pci_write(0x10, 4, 0xfec00000);
    expect(ioapic_read(1) >> 16 & 0xff, 23, "a BAR over the I/O APIC leaves that alone");
    device_pci_write(0x10, 4, low);
    expect(mmio_read16(hpa(before + 0x12)), 4, "back again");
}

/* --- what a bad one does */

/* It is broken now, said so by a message, does nothing any more, and works again after a reset. */
static void expect_broken(const char *what)
{
    bool told = wait_for_hit(&hits[CONFIG]);
    bool broken = (device_status(&device) & NEEDS_RESET) != 0;
    device_describe(3, 0, (uint64_t)(uintptr_t)large, 8, 0, 0);
    device_offer(&device, 3, 0);
    device_notify(&device, 3);
    bool quiet = device_done(&device, 3) == 0;
    bool guards = device_guards_hold();
    bool again = device_start(&device) && device_print(&device, "again\n", WAIT_US);
    check(broken && told && quiet && guards && again, "%s: needs reset %u, told %u, quiet %u, guards %u, again %u",
          what, broken, told, quiet, guards, again);
}

static void begin(void)
{
    (void)device_start(&device);
    hits[CONFIG] = 0;
}

static void one_descriptor(const char *what, unsigned queue, uint64_t at, uint32_t bytes, uint16_t flags, uint16_t next)
{
    begin();
    device_describe(queue, 0, at, bytes, flags, next);
    device_offer(&device, queue, 0);
    device_notify(&device, queue);
    expect_broken(what);
}

static void bad_buffers(void)
{
    one_descriptor("a buffer past RAM", 1, BEYOND, 1, 0, 0);
    one_descriptor("a buffer across the end of RAM", 1, 0x1000, UINT32_MAX, 0, 0);
    one_descriptor("a buffer at the end of the address space", 1, UINT64_MAX, 2, 0, 0);
    one_descriptor("a buffer at the local APIC", 1, 0xfee00000, 16, 0, 0);
    one_descriptor("a buffer in its own BAR", 1, device.common, 16, 0, 0);
    one_descriptor("an indirect descriptor", 1, (uint64_t)(uintptr_t)large, 16, FLAG_INDIRECT, 0);
    one_descriptor("a next that is none", 1, (uint64_t)(uintptr_t)large, 1, FLAG_NEXT, QUEUE_SIZE);
    one_descriptor("a next far away", 1, (uint64_t)(uintptr_t)large, 1, FLAG_NEXT, 0xffff);
    one_descriptor("a loop of one", 1, (uint64_t)(uintptr_t)large, 1, FLAG_NEXT, 0);
}

/* The device fills buffers of queue 2 when it has something to say: that a port is there, when it is asked. */
static void bad_writable_buffer(void)
{
    static const char ready[8] = {0, 0, 0, 0, 0, 0, 1, 0};
    begin();
    device_describe(2, 0, BEYOND - 16, 64, FLAG_WRITE, 0);
    device_offer(&device, 2, 0);
    device_describe(3, 0, (uint64_t)(uintptr_t)ready, sizeof(ready), 0, 0);
    device_offer(&device, 3, 0);
    device_notify(&device, 3);
    expect(device_done(&device, 3), 1, "a control message is taken");
    expect_broken("a writable buffer past RAM");
}

static void bad_indexes(void)
{
    static const uint16_t jumps[] = {QUEUE_SIZE + 1, 0x8000, 0xffff};
    for (unsigned i = 0; i < ARRAY_LENGTH(jumps); i++) {
        begin();
        device_index(&device, 1, jumps[i]);
        device_notify(&device, 1);
        expect_broken("an index that jumps");
    }
    begin();
    device_offer(&device, 1, QUEUE_SIZE);
    device_notify(&device, 1);
    expect_broken("a head that is none");
    begin();
    device_describe(1, 0, (uint64_t)(uintptr_t)large, 4, FLAG_NEXT | FLAG_WRITE, 1);
    device_describe(1, 1, (uint64_t)(uintptr_t)large, 4, 0, 0);
    device_offer(&device, 1, 0);
    device_notify(&device, 1);
    expect_broken("readable after writable");
    begin();
    for (unsigned k = 0; k < QUEUE_SIZE; k++) {
        device_describe(1, k, (uint64_t)(uintptr_t)large, 1, FLAG_NEXT, (uint16_t)((k + 1) % QUEUE_SIZE));
    }
    device_offer(&device, 1, 3);
    device_notify(&device, 1);
    expect_broken("a loop of all");
}

static void bad_rings(void)
{
    static const struct {
        uint64_t descriptors, available, used;
    } bad[] = {{BEYOND, 0x2000, 0x3000},          {0x1000, BEYOND, 0x3000},    {0x1000, 0x2000, BEYOND},
               {0x1008, 0x2000, 0x3000},          {0x1000, 0x2001, 0x3000},    {0x1000, 0x2000, 0x3002},
               {UINT64_MAX - 15, 0x2000, 0x3000}, {0xfee00000, 0x2000, 0x3000}};
    unsigned right = 0;
    for (unsigned i = 0; i < ARRAY_LENGTH(bad); i++) {
        hits[CONFIG] = 0;
        (void)device_start_at(&device, bad[i].descriptors, bad[i].available, bad[i].used);
        right += (device_status(&device) & NEEDS_RESET) != 0;
        device_notify(&device, 1);
    }
    expect(right, ARRAY_LENGTH(bad), "rings at bad places");
    check(device_start(&device) && device_print(&device, "again\n", WAIT_US), "works again after them");
}

/* Part of a large request is printed when the reset comes; the rest must not be. */
static void reset_while_busy(void)
{
    unsigned right = 0;
    for (unsigned i = 0; i < LARGE; i++) {
        large[i] = i % 64 == 63 ? '\n' : 'z';
    }
    for (unsigned i = 0; i < 20; i++) {
        (void)device_start(&device);
        device_describe(1, 0, (uint64_t)(uintptr_t)large, LARGE, 0, 0);
        device_offer(&device, 1, 0);
        device_notify(&device, 1);
        device_reset(&device);
        (void)device_done(&device, 1);
        machine_wait_us(200);
        right += device_status(&device) == 0 && device_done(&device, 1) == 0;
    }
    expect(right, 20, "resets while it works");
    check(device_start(&device) && device_print(&device, "still here\n", WAIT_US), "works again after them");
}

static void notify_for_nothing(void)
{
    unsigned count = 20000 / machine_slowness();
    (void)device_start(&device);
    for (unsigned i = 0; i < count; i++) {
        mmio_write32(hpa(device.notify + (i * 4 & 0xffc)), i);
    }
    check((device_status(&device) & NEEDS_RESET) == 0, "%u notifications for nothing", count);
}

/* On the other CPU: descriptors and indexes change while the device looks. */
static void scribbler(void *argument)
{
    (void)argument;
    uint32_t seed = 1;
    while (scribble != 0) {
        seed = seed * 1664525u + 1013904223u;
        device_describe(1, seed >> 28, (uint64_t)(seed >> 3) << (seed & 31), seed, (uint16_t)(seed & 7),
                        (uint16_t)(seed >> 12 & 31));
        if ((seed & 0xf000) == 0) {
            device_index(&device, 1, (uint16_t)(seed >> 16));
        }
    }
}

static void rings_that_change(void)
{
    unsigned rounds = 600 / machine_slowness(), broken = 0;
    scribble = 1;
    smp_run(1, scribbler, NULL);
    for (unsigned i = 0; i < rounds; i++) {
        (void)device_start(&device);
        device_offer(&device, 1, (uint16_t)(i % QUEUE_SIZE));
        device_notify(&device, 1);
        broken += (device_status(&device) & NEEDS_RESET) != 0;
    }
    scribble = 0;
    bool back = smp_wait(1, WAIT_US);
    check(back && device_guards_hold(), "%u rounds with rings that change, %u broke it", rounds, broken);
    check(device_start(&device) && device_print(&device, "the last line\n", WAIT_US), "works again after them");
}

void guest_main(void)
{
    apic_init();
    for (unsigned i = 0; i < VECTORS; i++) {
        trap_handle((uint8_t)(FIRST + i), on_message);
    }
    trap_handle(LINE_VECTOR, on_line);
    if (!check(device_find(&device), "a virtio console is at 00:1f.0")) {
        return;
    }
    device_messages(&device, FIRST);
    expect(smp_start(), 2, "CPUs");
    prints();
    line_works();
    bars_move();
    bad_buffers();
    bad_writable_buffer();
    bad_indexes();
    bad_rings();
    reset_while_busy();
    notify_for_nothing();
    rings_that_change();
    device_reset(&device);
}
