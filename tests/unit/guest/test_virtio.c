/* SPDX-License-Identifier: GPL-2.0-only
 * guest/virtio.c and guest/pci_emulated.c: a fake driver finds a device on the guest's bus, talks to it, moves its
 * BARs, gets its interrupts, and breaks it. */
#include "guest/virtio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "guest/pci.h"
#include "tests/fake/guest_pci_rig.h"
#include "tests/fake/virtio_driver.h"

#define DEVICE 31u
#define PIN 22u /* of device 31 at the guest's I/O APIC */

static struct guest_pci_rig rig;
static struct virtio_driver driver;
static struct virtio virtio;
static struct virtio_queue queues[3];
static unsigned resets, readies, notified;
static uint8_t config[8];

static void device_reset(void *device)
{
    (void)device;
    resets++;
}

static void device_ready(void *device)
{
    (void)device;
    readies++;
}

/* Echo: what is readable goes to what is writable. */
static void device_notify(void *device, unsigned queue)
{
    struct virtqueue_chain chain;
    uint8_t bytes[64];
    (void)device;
    notified |= 1u << queue;
    while (virtio_pop(&virtio, queue, &chain)) {
        size_t n = virtio_read(&virtio, &chain, bytes, sizeof(bytes));
        virtio_push(&virtio, queue, &chain, (uint32_t)virtio_write(&virtio, &chain, bytes, n));
    }
    virtio_interrupt(&virtio, queue);
}

static uint8_t device_config_read(void *device, uint32_t offset)
{
    (void)device;
    assert_true(offset < sizeof(config));
    return config[offset];
}

static void device_config_write(void *device, uint32_t offset, uint8_t value)
{
    (void)device;
    assert_true(offset < sizeof(config));
    config[offset] = value;
}

static const struct virtio_ops ops = {
    .name = "echo",
    .device_id = 1,
    .class_code = 0x020000,
    .features = BIT64(5),
    .queue_count = 3,
    .queue_size_max = 16,
    .vectors = 4,
    .config_bytes = sizeof(config),
    .reset = device_reset,
    .ready = device_ready,
    .notify = device_notify,
    .config_read = device_config_read,
    .config_write = device_config_write,
};

static int setup(void **state)
{
    (void)state;
    guest_pci_rig_start(&rig);
    virtio_driver_memory(&driver);
    resets = readies = notified = 0;
    memset(config, 0, sizeof(config));
    assert_int_equal(virtio_init(&virtio, &ops, NULL, queues, DEVICE, &rig.router, &driver.memory, "test"), STATUS_OK);
    assert_int_equal(guest_pci_add_emulated(&rig.pci, &virtio.function), STATUS_OK);
    guest_pci_rig_attach(&rig, &rig.nvme_device);
    assert_int_equal(guest_pci_show_emulated(&rig.pci), STATUS_OK);
    virtio_driver_find(&driver, &rig.pci, &rig.mmio, DEVICE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    virtio_free(&virtio);
    return 0;
}

static uint32_t config_space(uint16_t offset, unsigned width)
{
    return guest_pci_rig_read(&rig, DEVICE, offset, width);
}

static void start(uint64_t features)
{
    assert_true(virtio_driver_negotiate(&driver, features));
    for (unsigned i = 0; i < 3; i++) {
        virtio_driver_queue(&driver, i, 16);
    }
    virtio_driver_status(&driver, VIRTIO_DRIVER_OK);
}

static void shows_what_virtio_says(void **state)
{
    (void)state;
    assert_int_equal(config_space(PCI_VENDOR, 4), 0x10411af4);
    assert_int_equal(config_space(PCI_REVISION, 4), 0x02000001);
    assert_int_equal(config_space(PCI_HEADER_TYPE, 1), 0);
    assert_int_equal(config_space(PCI_INTERRUPT_PIN, 1), 1);
    assert_int_equal(config_space(PCI_INTERRUPT_LINE, 1), PIN);
    assert_int_equal(driver.found, 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5);
    assert_int_equal(virtio_driver_read(&driver, 0x12, 2), 3);
    assert_int_equal(virtio_driver_read(&driver, 0x18, 2), 16);
    virtio_driver_write(&driver, 0x16, 2, 3);
    assert_int_equal(virtio_driver_read(&driver, 0x18, 2), 0);
}

static void features_are_those_offered(void **state)
{
    (void)state;
    assert_false(virtio_driver_negotiate(&driver, VIRTIO_F_VERSION_1 | BIT64(6)));
    assert_false(virtio_driver_negotiate(&driver, BIT64(5)));
    assert_true(virtio_driver_negotiate(&driver, VIRTIO_F_VERSION_1));
    assert_true(virtio_driver_negotiate(&driver, VIRTIO_F_VERSION_1 | BIT64(5)));
    virtio_driver_write(&driver, 0x08, 4, 0);
    virtio_driver_write(&driver, 0x0c, 4, 0); /* too late */
    assert_int_equal(virtio.features, VIRTIO_F_VERSION_1 | BIT64(5));
    assert_int_equal(readies, 0);
    virtio_driver_status(&driver, VIRTIO_DRIVER_OK);
    assert_int_equal(readies, 1);
}

static void no_driver_is_ok_without_features(void **state)
{
    (void)state;
    virtio_driver_write(&driver, 0x14, 1, 0);
    virtio_driver_status(&driver, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK);
    assert_int_equal(readies, 0);
    assert_false(virtio_is_ready(&virtio));
    virtio_driver_notify(&driver, 0);
    assert_int_equal(notified, 0);
}

static void requests_come_back_with_an_interrupt(void **state)
{
    (void)state;
    virtio_driver_messages(&driver, 4);
    start(VIRTIO_F_VERSION_1);
    uint32_t written = virtio_driver_request(&driver, 1, "ping", 4, 8);
    assert_int_equal(written, 4);
    assert_memory_equal(virtio_driver_answer(&driver), "ping", 4);
    assert_int_equal(rig.delivered, 1);
    assert_int_equal(rig.last_data, 0x40 + 1);
}

static void a_line_serves_those_without_messages(void **state)
{
    (void)state;
    start(VIRTIO_F_VERSION_1);
    assert_int_equal(guest_pci_lines(&rig.pci), 0);
    virtio_driver_request(&driver, 0, "x", 1, 1);
    assert_int_equal(guest_pci_lines(&rig.pci), 1u << PIN);
    assert_int_equal(config_space(PCI_STATUS, 2) & 8, 8);
    guest_pci_rig_write(&rig, DEVICE, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF);
    assert_int_equal(guest_pci_lines(&rig.pci), 0);
    guest_pci_rig_write(&rig, DEVICE, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(virtio_driver_isr(&driver), 1);
    assert_int_equal(virtio_driver_isr(&driver), 0);
    assert_int_equal(guest_pci_lines(&rig.pci), 0);
    virtio_config_changed(&virtio);
    assert_int_equal(virtio_driver_isr(&driver), 2);
    assert_int_equal(rig.delivered, 0);
}

static void masked_messages_wait(void **state)
{
    (void)state;
    virtio_driver_messages(&driver, 4);
    start(VIRTIO_F_VERSION_1);
    virtio_driver_mask(&driver, 2, true);
    virtio_driver_request(&driver, 2, "x", 1, 1);
    assert_int_equal(rig.delivered, 0);
    assert_int_equal(bus_read(&rig.mmio, driver.table + 0x800, 4, 0), 1u << 2);
    virtio_driver_mask(&driver, 2, false);
    assert_int_equal(rig.delivered, 1);
    assert_int_equal(bus_read(&rig.mmio, driver.table + 0x800, 4, 0), 0);
    virtio_driver_write(&driver, 0x16, 2, 2);
    virtio_driver_write(&driver, 0x1a, 2, 99); /* no such vector: none */
    assert_int_equal(virtio_driver_read(&driver, 0x1a, 2), 0xffff);
    virtio_driver_request(&driver, 2, "x", 1, 1);
    assert_int_equal(rig.delivered, 1);
}

static void messages_to_nobody_vanish(void **state)
{
    (void)state;
    virtio_driver_messages(&driver, 4);
    start(VIRTIO_F_VERSION_1);
    bus_write(&rig.mmio, driver.table + 16, 4, 0x12345678, 0);
    virtio_driver_request(&driver, 1, "x", 1, 1);
    assert_int_equal(rig.delivered, 0);
}

static void expect_needs_reset(const char *why)
{
    (void)why;
    assert_int_equal(virtio_driver_read(&driver, 0x14, 1) & VIRTIO_NEEDS_RESET, VIRTIO_NEEDS_RESET);
    assert_false(virtio_is_ready(&virtio));
    unsigned before = notified;
    notified = 0;
    virtio_driver_notify(&driver, 0);
    assert_int_equal(notified, 0);
    notified = before;
}

static void a_broken_ring_stops_it_until_it_is_reset(void **state)
{
    (void)state;
    virtio_driver_messages(&driver, 4);
    start(VIRTIO_F_VERSION_1);
    virtio_driver_write(&driver, 0x10, 2, 3); /* the configuration's vector */
    virtio_driver_jump(&driver, 1, 1000);
    virtio_driver_notify(&driver, 1);
    expect_needs_reset("jump");
    assert_int_equal(rig.delivered, 1);
    assert_int_equal(rig.last_data, 0x40 + 3);
    virtio_driver_status(&driver, VIRTIO_DRIVER_OK); /* not by this */
    expect_needs_reset("still");
    unsigned before = resets;
    start(VIRTIO_F_VERSION_1);
    assert_int_equal(resets, before + 1);
    assert_int_equal(virtio_driver_request(&driver, 0, "again", 5, 5), 5);
}

static void rings_outside_of_ram_stop_it(void **state)
{
    (void)state;
    assert_true(virtio_driver_negotiate(&driver, VIRTIO_F_VERSION_1));
    virtio_driver_write(&driver, 0x16, 2, 0);
    virtio_driver_write(&driver, 0x20, 4, 0xfee00000);
    virtio_driver_write(&driver, 0x1c, 2, 1);
    virtio_driver_status(&driver, VIRTIO_DRIVER_OK);
    expect_needs_reset("rings");
    assert_int_equal(readies, 0);
}

static void rings_stay_while_their_queue_is_on(void **state)
{
    (void)state;
    start(VIRTIO_F_VERSION_1);
    uint64_t before = virtio.queues[0].descriptors;
    virtio_driver_write(&driver, 0x16, 2, 0);
    virtio_driver_write(&driver, 0x20, 4, 0);
    virtio_driver_write(&driver, 0x18, 2, 4);
    assert_int_equal(virtio.queues[0].descriptors, before);
    assert_int_equal(virtio_driver_read(&driver, 0x18, 2), 16);
}

static void its_configuration_is_bytes(void **state)
{
    (void)state;
    bus_write(&rig.mmio, driver.config + 4, 4, 0x11223344, 0);
    assert_int_equal(config[4], 0x44);
    assert_int_equal(bus_read(&rig.mmio, driver.config + 5, 1, 0), 0x33);
    assert_int_equal(bus_read(&rig.mmio, driver.config, 8, 0), UINT64_C(0x1122334400000000));
    assert_int_equal(bus_read(&rig.mmio, driver.config + 8, 4, 0), 0);
    bus_write(&rig.mmio, driver.config + 8, 4, 1, 0);
}

static void registers_are_reached_by_config_space_too(void **state)
{
    (void)state;
    uint16_t window = driver.window;
    guest_pci_rig_write(&rig, DEVICE, window + 8, 4, 0x12); /* queues */
    guest_pci_rig_write(&rig, DEVICE, window + 12, 4, 2);
    assert_int_equal(config_space(window + 16, 2), 3);
    guest_pci_rig_write(&rig, DEVICE, window + 8, 4, 0x2000);
    guest_pci_rig_write(&rig, DEVICE, window + 12, 4, 1);
    guest_pci_rig_write(&rig, DEVICE, window + 16, 1, 0x5a);
    assert_int_equal(config[0], 0x5a);
    guest_pci_rig_write(&rig, DEVICE, window + 8, 4, 0xffffffff); /* nowhere */
    guest_pci_rig_write(&rig, DEVICE, window + 16, 4, 1);
    guest_pci_rig_write(&rig, DEVICE, window + 12, 4, 3);
    assert_int_equal(config_space(window + 16, 1), 1);
}

static void bars_move_and_decode(void **state)
{
    (void)state;
    uint64_t first = driver.bar;
    guest_pci_rig_write(&rig, DEVICE, PCI_BAR0, 4, 0xffffffff);
    assert_int_equal(config_space(PCI_BAR0, 4), 0xffffc004);
    assert_int_equal(bus_read(&rig.mmio, first + 0x12, 2, 0), 0xffff);
    guest_pci_rig_write(&rig, DEVICE, PCI_BAR0, 4, 0xc9000000);
    assert_int_equal(bus_read(&rig.mmio, 0xc9000012, 2, 0), 3);
    guest_pci_rig_write(&rig, DEVICE, PCI_COMMAND, 2, 0);
    assert_int_equal(bus_read(&rig.mmio, 0xc9000012, 2, 0), 0xffff);
    guest_pci_rig_write(&rig, DEVICE, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    guest_pci_rig_write(&rig, DEVICE, PCI_BAR0, 4, 0x100000); /* RAM */
    assert_int_equal(bus_read(&rig.mmio, 0x100012, 2, 0), 0xffff);
    guest_pci_rig_write(&rig, DEVICE, PCI_BAR0, 4, 0xfee00000);
    assert_int_equal(bus_read(&rig.mmio, 0xfee00012, 2, 0), 0xffff);
    guest_pci_reset(&rig.pci);
    assert_int_equal(bus_read(&rig.mmio, first + 0x12, 2, 0), 3);
}

static void a_bar_waits_for_its_place(void **state)
{
    (void)state;
    uint64_t nvme = guest_pci_rig_read(&rig, 1, PCI_BAR0, 4) & ~0xfu;
    guest_pci_rig_write(&rig, DEVICE, PCI_BAR0, 4, (uint32_t)nvme);
    assert_null(guest_pci_rig_wrong(&rig));
    assert_true(virtio.function.lost);
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, 0xc8000000);
    assert_false(virtio.function.lost);
    assert_int_equal(bus_read(&rig.mmio, nvme + 0x12, 2, 0), 3);
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, (uint32_t)nvme); /* and the other way round */
    assert_null(guest_pci_rig_wrong(&rig));
    guest_pci_rig_write(&rig, DEVICE, PCI_BAR0, 4, 0xc9000000);
    struct radix_mapping m;
    assert_int_equal(radix_lookup(&rig.nested, nvme, &m), STATUS_OK);
    assert_null(guest_pci_rig_wrong(&rig));
}

static void emulated_functions_keep_their_numbers(void **state)
{
    (void)state;
    static struct pci_emulated second;
    static const struct pci_emulated_ops plain = {.vendor = 0x8086, .device = 0x25ab, .class_code = 0x088000};
    assert_int_equal(pci_emulated_init(&second, &plain, NULL, 30, &rig.router), STATUS_OK);
    assert_int_equal(guest_pci_add_emulated(&rig.pci, &second), STATUS_OK);
    assert_int_equal(guest_pci_add_emulated(&rig.pci, &second), STATUS_CONFLICT);
    assert_int_equal(guest_pci_show_emulated(&rig.pci), STATUS_OK);
    assert_int_equal(guest_pci_rig_read(&rig, 30, PCI_VENDOR, 4), 0x25ab8086);
    assert_int_equal(guest_pci_rig_read(&rig, 30, PCI_BAR0, 4), 0);
    assert_int_equal(guest_pci_rig_read(&rig, 30, PCI_CAPABILITIES, 1), 0);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_VENDOR, 4), 0x00101b36);
    guest_pci_free(&rig.pci);
    assert_int_equal(rig.pci.emulated[30] == NULL, 1);
    pci_emulated_free(&second);
}

/* 40 assigned functions beside the emulated one: they leave 00:1f.0 out, and each has a line of its own. */
static void assigned_functions_leave_them_out(void **state)
{
    (void)state;
    static struct virtio other;
    guest_pci_rig_start_many(&rig);
    virtio_driver_memory(&driver);
    assert_int_equal(virtio_init(&other, &ops, NULL, queues, DEVICE, &rig.router, &driver.memory, "test"), STATUS_OK);
    assert_int_equal(guest_pci_add_emulated(&rig.pci, &other.function), STATUS_OK);
    size_t failed = 0;
    assert_int_equal(guest_pci_rig_assign(&rig.pci, rig.many_devices, RIG_MANY, &failed), STATUS_OK);
    assert_int_equal(guest_pci_show_emulated(&rig.pci), STATUS_OK);
    assert_int_equal(guest_pci_rig_read(&rig, 30, PCI_VENDOR, 4), 0x15208086);
    assert_int_equal(guest_pci_rig_read(&rig, 31, PCI_VENDOR, 4), 0x10411af4);
    assert_int_equal(bus_read(&rig.mmio, GUEST_ECAM_START + (31 << 15) + (1 << 12), 4, 0), 0xffffffff);
    uint64_t seen = 0;
    for (unsigned place = 1; place < GUEST_PCI_SLOTS; place++) {
        const struct guest_pci_function *f = guest_pci_at(&rig.pci, place);
        if (f != NULL) {
            assert_int_equal(seen & f->intx.bit, 0);
            seen |= f->intx.bit;
        }
    }
    assert_int_equal(__builtin_popcountll(seen), RIG_MANY);
    virtio_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shows_what_virtio_says, setup, teardown),
        cmocka_unit_test_setup_teardown(features_are_those_offered, setup, teardown),
        cmocka_unit_test_setup_teardown(no_driver_is_ok_without_features, setup, teardown),
        cmocka_unit_test_setup_teardown(requests_come_back_with_an_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_serves_those_without_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(masked_messages_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(messages_to_nobody_vanish, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_ring_stops_it_until_it_is_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(rings_outside_of_ram_stop_it, setup, teardown),
        cmocka_unit_test_setup_teardown(rings_stay_while_their_queue_is_on, setup, teardown),
        cmocka_unit_test_setup_teardown(its_configuration_is_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(registers_are_reached_by_config_space_too, setup, teardown),
        cmocka_unit_test_setup_teardown(bars_move_and_decode, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bar_waits_for_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(emulated_functions_keep_their_numbers, setup, teardown),
        cmocka_unit_test(assigned_functions_leave_them_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
