/* SPDX-License-Identifier: GPL-2.0-only
 * guest/virtio_console.c: what a driver is told of ports, bytes both ways with back-pressure, and bad messages. */
#include "guest/virtio_console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/pci.h"
#include "tests/fake/guest_pci_rig.h"
#include "tests/fake/virtio_driver.h"

#define DEVICE 31u
#define QUEUE 16u
#define MULTIPORT BIT64(1)
#define CONTROL_IN 2u  /* to the guest */
#define CONTROL_OUT 3u /* from it */
#define BUFFER 0x2000u
#define OUT 0x6000u

/* What is behind a port. */
struct end {
    char from_guest[4096];
    size_t got, room;
    const char *for_guest;
    size_t left;
    int open;
};

static struct guest_pci_rig rig;
static struct virtio_driver driver;
static struct virtio_console console;
static struct end ends[3];

static size_t take(void *context, uint8_t *to, size_t most)
{
    struct end *e = context;
    size_t n = e->left < most ? e->left : most;
    memcpy(to, e->for_guest, n);
    e->for_guest += n;
    e->left -= n;
    return n;
}

static size_t give(void *context, const uint8_t *from, size_t count)
{
    struct end *e = context;
    size_t n = count < e->room - e->got ? count : e->room - e->got;
    memcpy(e->from_guest + e->got, from, n);
    e->got += n;
    return n;
}

static void opened(void *context, bool open)
{
    struct end *e = context;
    e->open += open ? 1 : -1;
}

static int setup(void **state)
{
    (void)state;
    static const char *const names[] = {NULL, "org.bulkhead.events", "org.bulkhead.control"};
    struct virtio_console_port ports[3];
    memset(ends, 0, sizeof(ends));
    for (unsigned i = 0; i < 3; i++) {
        ends[i].room = sizeof(ends[i].from_guest);
        ports[i] = (struct virtio_console_port){names[i], take, give, opened, &ends[i]};
    }
    guest_pci_rig_start(&rig);
    virtio_driver_memory(&driver);
    assert_int_equal(virtio_console_init(&console, ports, 3, &rig.router, &driver.memory, "test"), STATUS_OK);
    assert_int_equal(guest_pci_add_emulated(&rig.pci, &console.virtio.function), STATUS_OK);
    assert_int_equal(guest_pci_show_emulated(&rig.pci), STATUS_OK);
    virtio_driver_find(&driver, &rig.pci, &rig.mmio, DEVICE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    virtio_console_free(&console);
    return 0;
}

static void start(uint64_t features)
{
    assert_true(virtio_driver_negotiate(&driver, VIRTIO_F_VERSION_1 | features));
    for (unsigned i = 0; i < 8; i++) {
        virtio_driver_queue(&driver, i, QUEUE);
    }
    virtio_driver_status(&driver, VIRTIO_DRIVER_OK);
}

/* A buffer for the device to fill: number `index` of a queue. */
static void offer_buffer(unsigned queue, unsigned index, uint32_t bytes)
{
    virtio_driver_describe(&driver, queue, index, BUFFER + 0x100 * index, bytes, 2, 0);
    virtio_driver_offer(&driver, queue, (uint16_t)index);
}

static void send_control(uint32_t port, uint16_t event, uint16_t value)
{
    uint64_t message = port | (uint64_t)event << 32 | (uint64_t)value << 48;
    uint32_t head, written;
    memcpy(virtio_driver_ram(&driver, OUT), &message, 8);
    virtio_driver_describe(&driver, CONTROL_OUT, 0, OUT, 8, 0, 0);
    virtio_driver_offer(&driver, CONTROL_OUT, 0);
    virtio_driver_notify(&driver, CONTROL_OUT);
    assert_true(virtio_driver_used(&driver, CONTROL_OUT, &head, &written));
}

/* The next control message, with what follows it; NULL when there is none. */
static const char *hear(uint32_t *port, unsigned *event, uint32_t *length)
{
    static char text[64];
    uint32_t head = 0, written = 0;
    if (!virtio_driver_used(&driver, CONTROL_IN, &head, &written)) {
        return NULL;
    }
    const uint8_t *at = virtio_driver_ram(&driver, BUFFER + 0x100 * head);
    memcpy(port, at, 4);
    *event = at[4];
    *length = written;
    assert_int_equal(at[6], 1);
    memset(text, 0, sizeof(text));
    memcpy(text, at + 8, written - 8);
    offer_buffer(CONTROL_IN, head, 64);
    return text;
}

static void expect_message(uint32_t port, unsigned event, const char *more)
{
    uint32_t got_port = 0, length = 0;
    unsigned got_event = 0;
    const char *text = hear(&got_port, &got_event, &length);
    assert_non_null(text);
    assert_int_equal(got_port, port);
    assert_int_equal(got_event, event);
    assert_string_equal(text, more);
    assert_int_equal(length, 8 + strlen(more));
}

static void send(unsigned port, const char *text)
{
    unsigned queue = port == 0 ? 1 : 3 + 2 * port;
    memcpy(virtio_driver_ram(&driver, OUT + 0x100), text, strlen(text));
    virtio_driver_describe(&driver, queue, 0, OUT + 0x100, (uint32_t)strlen(text), 0, 0);
    virtio_driver_offer(&driver, queue, 0);
    virtio_driver_notify(&driver, queue);
}

static void tells_of_its_ports(void **state)
{
    (void)state;
    uint32_t port, length;
    unsigned event;
    start(MULTIPORT);
    assert_int_equal(bus_read(&rig.mmio, driver.config + 4, 4, 0), 3);
    for (unsigned i = 0; i < 8; i++) {
        offer_buffer(CONTROL_IN, i, 64);
    }
    send_control(0, 0, 1); /* DEVICE_READY */
    for (unsigned i = 0; i < 3; i++) {
        expect_message(i, 1, "");
    }
    send_control(0, 3, 1); /* PORT_READY */
    expect_message(0, 4, "");
    expect_message(0, 6, "");
    send_control(1, 3, 1);
    expect_message(1, 7, "org.bulkhead.events");
    expect_message(1, 6, "");
    assert_null(hear(&port, &event, &length));
    send_control(2, 6, 1); /* PORT_OPEN */
    assert_int_equal(ends[2].open, 1);
    assert_true(virtio_console_is_open(&console, 2));
    send_control(2, 6, 1);
    assert_int_equal(ends[2].open, 1);
    send_control(2, 6, 0);
    assert_int_equal(ends[2].open, 0);
}

static void messages_wait_for_buffers(void **state)
{
    (void)state;
    start(MULTIPORT);
    for (unsigned i = 0; i < 50; i++) {
        send_control(0, 0, 1); /* asked again and again, said once */
    }
    for (unsigned i = 0; i < 5; i++) {
        offer_buffer(CONTROL_IN, i, 64);
    }
    virtio_driver_notify(&driver, CONTROL_IN);
    for (unsigned i = 0; i < 3; i++) {
        expect_message(i, 1, "");
    }
    uint32_t port, length;
    unsigned event;
    assert_null(hear(&port, &event, &length));
}

static void bad_messages_do_nothing(void **state)
{
    (void)state;
    start(MULTIPORT);
    offer_buffer(CONTROL_IN, 0, 64);
    send_control(3, 3, 1);
    send_control(UINT32_MAX, 6, 1);
    send_control(1, 99, 1);
    send_control(0, 0, 0);
    send_control(1, 3, 0);
    uint32_t port, length, head, written;
    unsigned event;
    assert_null(hear(&port, &event, &length));
    virtio_driver_describe(&driver, CONTROL_OUT, 0, OUT, 4, 0, 0); /* too short */
    virtio_driver_offer(&driver, CONTROL_OUT, 0);
    virtio_driver_notify(&driver, CONTROL_OUT);
    assert_true(virtio_driver_used(&driver, CONTROL_OUT, &head, &written));
    assert_true(virtio_is_ready(&console.virtio));
}

static void bytes_come_from_the_guest(void **state)
{
    (void)state;
    start(MULTIPORT);
    send(0, "hello");
    send(2, "{}");
    assert_memory_equal(ends[0].from_guest, "hello", 5);
    assert_memory_equal(ends[2].from_guest, "{}", 2);
}

static void who_has_no_room_gets_the_rest_later(void **state)
{
    (void)state;
    uint32_t head, written;
    start(MULTIPORT);
    ends[1].room = 4;
    send(1, "abcdefgh");
    assert_false(virtio_driver_used(&driver, 5, &head, &written));
    virtio_driver_notify(&driver, 5);
    assert_int_equal(ends[1].got, 4);
    ends[1].room = 6;
    guest_pci_advance(&rig.pci, 0);
    assert_false(virtio_driver_used(&driver, 5, &head, &written));
    ends[1].room = 100;
    guest_pci_advance(&rig.pci, 0);
    assert_true(virtio_driver_used(&driver, 5, &head, &written));
    assert_memory_equal(ends[1].from_guest, "abcdefgh", 8);
    assert_int_equal(ends[1].got, 8);
}

static void bytes_go_to_an_open_port(void **state)
{
    (void)state;
    uint32_t head, written;
    start(MULTIPORT);
    ends[1].for_guest = "some event";
    ends[1].left = 10;
    offer_buffer(4, 0, 4);
    offer_buffer(4, 1, 64);
    guest_pci_advance(&rig.pci, 0);
    assert_false(virtio_driver_used(&driver, 4, &head, &written));
    send_control(1, 6, 1);
    assert_true(virtio_driver_used(&driver, 4, &head, &written));
    assert_int_equal(written, 4);
    assert_true(virtio_driver_used(&driver, 4, &head, &written));
    assert_int_equal(head, 1);
    assert_int_equal(written, 6);
    assert_memory_equal(virtio_driver_ram(&driver, BUFFER + 0x100), " event", 6);
    offer_buffer(4, 0, 4);
    virtio_driver_notify(&driver, 4);
    assert_false(virtio_driver_used(&driver, 4, &head, &written));
    ends[1].for_guest = "x";
    ends[1].left = 1;
    guest_pci_advance(&rig.pci, 0);
    assert_true(virtio_driver_used(&driver, 4, &head, &written));
    assert_int_equal(written, 1);
}

static void one_turn_is_bounded(void **state)
{
    (void)state;
    uint32_t head, written;
    start(MULTIPORT);
    assert_int_equal(guest_pci_deadline(&rig.pci), UINT64_MAX);
    virtio_driver_describe(&driver, 1, 0, 0x1000, 2000, 0, 0);
    virtio_driver_offer(&driver, 1, 0);
    virtio_driver_notify(&driver, 1);
    assert_in_range(ends[0].got, 1, 600);
    assert_int_equal(guest_pci_deadline(&rig.pci), 0);
    uint64_t now = 0;
    for (unsigned i = 0; i < 10 && guest_pci_deadline(&rig.pci) != UINT64_MAX; i++) {
        guest_pci_advance(&rig.pci, now);
        uint64_t due = guest_pci_deadline(&rig.pci);
        assert_true(due >= now + PCI_EMULATED_PACE_NS); /* others have the CPU meanwhile */
        now = due == UINT64_MAX ? now : due;
    }
    assert_int_equal(ends[0].got, 2000);
    assert_true(virtio_driver_used(&driver, 1, &head, &written));
    assert_int_equal(guest_pci_deadline(&rig.pci), UINT64_MAX);
}

/* Each of them is a line of the physical console, which the guest's name makes longer. */
static void lines_cost_more_than_bytes(void **state)
{
    (void)state;
    start(MULTIPORT);
    memset(virtio_driver_ram(&driver, 0x1000), '\n', 2000);
    virtio_driver_describe(&driver, 1, 0, 0x1000, 2000, 0, 0);
    virtio_driver_offer(&driver, 1, 0);
    virtio_driver_notify(&driver, 1);
    assert_in_range(ends[0].got, 1, 50);
    guest_pci_advance(&rig.pci, 0);
    size_t got = ends[0].got;
    guest_pci_advance(&rig.pci, PCI_EMULATED_PACE_NS - 1); /* for something else */
    assert_int_equal(ends[0].got, got);
    assert_true(guest_pci_deadline(&rig.pci) >= PCI_EMULATED_PACE_NS);
}

static void empty_requests_are_not_for_ever(void **state)
{
    (void)state;
    start(MULTIPORT);
    send_control(0, 6, 1);
    virtio_driver_describe(&driver, 0, 0, BUFFER, 0, 2, 0);
    virtio_driver_describe(&driver, 1, 0, BUFFER, 0, 0, 0);
    for (unsigned i = 0; i < QUEUE; i++) {
        virtio_driver_offer(&driver, 0, 0);
        virtio_driver_offer(&driver, 1, 0);
    }
    virtio_driver_notify(&driver, 0);
    virtio_driver_notify(&driver, 1);
    for (unsigned i = 0; i < 4; i++) {
        guest_pci_advance(&rig.pci, i * PCI_EMULATED_PACE_NS);
    }
    uint32_t head, written;
    for (unsigned i = 0; i < QUEUE; i++) {
        assert_true(virtio_driver_used(&driver, 0, &head, &written));
        assert_true(virtio_driver_used(&driver, 1, &head, &written));
    }
    assert_int_equal(guest_pci_deadline(&rig.pci), UINT64_MAX);
}

/* The guest changes a request while part of it is given: at worst it loses its own bytes. */
static void a_request_that_shrinks_harms_nobody(void **state)
{
    (void)state;
    uint32_t head, written;
    start(MULTIPORT);
    ends[1].room = 6;
    send(1, "abcdefgh");
    virtio_driver_describe(&driver, 5, 0, OUT + 0x100, 2, 0, 0);
    ends[1].room = 100;
    guest_pci_advance(&rig.pci, 0);
    assert_int_equal(ends[1].got, 6);
    assert_true(virtio_driver_used(&driver, 5, &head, &written));
    send(1, "xyz");
    assert_memory_equal(ends[1].from_guest, "abcdefxyz", 9);
}

static void reset_while_busy_closes_ports(void **state)
{
    (void)state;
    start(MULTIPORT);
    send_control(1, 6, 1);
    ends[1].room = 2;
    send(1, "abcdefgh");
    virtio_driver_write(&driver, 0x14, 1, 0);
    assert_int_equal(ends[1].open, 0);
    ends[1].room = 100;
    guest_pci_advance(&rig.pci, 0);
    assert_int_equal(ends[1].got, 2);
    start(MULTIPORT);
    send(1, "again");
    assert_memory_equal(ends[1].from_guest, "abagain", 7);
    send_control(1, 6, 1);
    guest_pci_reset(&rig.pci);
    assert_int_equal(ends[1].open, 0);
    assert_int_equal(virtio_driver_read(&driver, 0x14, 1), 0);
}

static void a_driver_without_ports_has_one(void **state)
{
    (void)state;
    uint32_t head, written;
    start(0);
    assert_int_equal(ends[0].open, 1);
    ends[0].for_guest = "typed";
    ends[0].left = 5;
    offer_buffer(0, 0, 64);
    virtio_driver_notify(&driver, 0);
    assert_true(virtio_driver_used(&driver, 0, &head, &written));
    assert_int_equal(written, 5);
    send(0, "echo");
    assert_memory_equal(ends[0].from_guest, "echo", 4);
}

static void a_broken_queue_ends_all_of_it(void **state)
{
    (void)state;
    start(MULTIPORT);
    send_control(1, 6, 1);
    virtio_driver_jump(&driver, 7, 300);
    virtio_driver_notify(&driver, 7);
    assert_int_equal(virtio_driver_read(&driver, 0x14, 1) & VIRTIO_NEEDS_RESET, VIRTIO_NEEDS_RESET);
    send(0, "lost");
    guest_pci_advance(&rig.pci, 0);
    assert_int_equal(ends[0].got, 0);
    assert_int_equal(guest_pci_deadline(&rig.pci), UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tells_of_its_ports, setup, teardown),
        cmocka_unit_test_setup_teardown(messages_wait_for_buffers, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_messages_do_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_come_from_the_guest, setup, teardown),
        cmocka_unit_test_setup_teardown(who_has_no_room_gets_the_rest_later, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_go_to_an_open_port, setup, teardown),
        cmocka_unit_test_setup_teardown(one_turn_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_cost_more_than_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(empty_requests_are_not_for_ever, setup, teardown),
        cmocka_unit_test_setup_teardown(a_request_that_shrinks_harms_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(reset_while_busy_closes_ports, setup, teardown),
        cmocka_unit_test_setup_teardown(a_driver_without_ports_has_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_queue_ends_all_of_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
