/* SPDX-License-Identifier: GPL-2.0-only
 * guest/net_link.c, guest/virtio_net.c: three guests' drivers on one network: who gets what, waiting and patience, link
 * state, and what a bad driver sends. */
#include "guest/virtio_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/pci.h"
#include "kernel/core/event.h"
#include "tests/fake/guest_pci_rig.h"
#include "tests/fake/time.h"
#include "tests/fake/virtio_driver.h"

#define GUESTS 3u
#define QUEUE 8u
#define RX 0u
#define TX 1u
#define RX_AT(i) (0x1000u + 0x800u * (i)) /* of receive buffers: 2 KiB each */
#define TX_AT 0x8000u
#define MTU 1500u
#define F_MTU BIT64(3)
#define F_MAC BIT64(5)
#define F_STATUS BIT64(16)
#define WRITES 2u
#define NEXT 1u
#define MAC(i) (0x525400000000 + (i))
#define BROADCAST 0xffffffffffff
#define FOREIGN 0x0200000000aa

struct guest {
    struct virtio_driver driver;
    struct virtio_net net;
    unsigned wakes;
    char name[4];
};

static struct guest_pci_rig rig;
static struct net_link link;
static struct guest guests[GUESTS];

static void wake(void *context)
{
    struct guest *g = context;
    g->wakes++;
}

static void make(unsigned count, bool filter)
{
    memset(guests, 0, sizeof(guests));
    net_link_init(&link, "lan", MTU, filter);
    guest_pci_rig_start(&rig);
    fake_time_reset();
    event_reset();
    for (unsigned i = 0; i < count; i++) {
        struct guest *g = &guests[i];
        g->name[0] = (char)('a' + i);
        virtio_driver_memory(&g->driver);
        const struct virtio_net_place place = {&link, MAC(i), 29 - i, &rig.router, &g->driver.memory, g->name, wake, g};
        assert_int_equal(virtio_net_init(&g->net, &place), STATUS_OK);
        assert_int_equal(guest_pci_add_emulated(&rig.pci, &g->net.virtio.function), STATUS_OK);
    }
    assert_int_equal(guest_pci_show_emulated(&rig.pci), STATUS_OK);
    for (unsigned i = 0; i < count; i++) {
        virtio_driver_find(&guests[i].driver, &rig.pci, &rig.mmio, 29 - i);
    }
}

static void end(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        virtio_net_free(&guests[i].net);
    }
}

static void offer(struct guest *g, unsigned index, uint32_t bytes)
{
    virtio_driver_describe(&g->driver, RX, index, RX_AT(index), bytes, WRITES, 0);
    virtio_driver_offer(&g->driver, RX, (uint16_t)index);
}

static void start(struct guest *g, unsigned buffers)
{
    assert_true(virtio_driver_negotiate(&g->driver, VIRTIO_F_VERSION_1 | F_MTU | F_MAC | F_STATUS));
    virtio_driver_queue(&g->driver, RX, QUEUE);
    virtio_driver_queue(&g->driver, TX, QUEUE);
    for (unsigned i = 0; i < buffers; i++) {
        offer(g, i, 0x800);
    }
    virtio_driver_status(&g->driver, VIRTIO_DRIVER_OK);
}

/* All of them do, and nobody is woken after. */
static void look_all(void)
{
    guest_pci_advance(&rig.pci, 0);
    for (unsigned i = 0; i < GUESTS; i++) {
        guests[i].wakes = 0;
    }
}

static void start_all(unsigned count, unsigned buffers)
{
    for (unsigned i = 0; i < count; i++) {
        start(&guests[i], buffers);
    }
    look_all();
}

static void put_mac(uint8_t *at, uint64_t mac)
{
    for (unsigned i = 0; i < 6; i++) {
        at[i] = (uint8_t)(mac >> (40 - 8 * i));
    }
}

/* A frame of `bytes` in descriptors 0 and 1: header and a bit, and the rest. */
static void put_frame(struct guest *g, uint64_t to, uint64_t from, uint32_t bytes)
{
    uint8_t *at = virtio_driver_ram(&g->driver, TX_AT);
    memset(at, 0, NET_HEADER_BYTES);
    put_mac(at + 12, to);
    put_mac(at + 18, from);
    for (uint32_t i = 12; i < bytes; i++) {
        at[12 + i] = (uint8_t)(i * 7);
    }
    virtio_driver_describe(&g->driver, TX, 0, TX_AT, 20, NEXT, 1);
    virtio_driver_describe(&g->driver, TX, 1, TX_AT + 20, NET_HEADER_BYTES + bytes - 20, 0, 0);
}

/* Is the frame out of the sender's queue? */
static bool send(struct guest *g, uint64_t to, uint64_t from, uint32_t bytes)
{
    uint32_t head = 0, written = 0;
    put_frame(g, to, from, bytes);
    virtio_driver_offer(&g->driver, TX, 0);
    virtio_driver_notify(&g->driver, TX);
    return virtio_driver_used(&g->driver, TX, &head, &written);
}

/* The bytes of the next frame that the guest got, 0: none; it is as put_frame() made it. */
static uint32_t receive(struct guest *g, uint64_t from)
{
    uint32_t head = 0, written = 0;
    look_all();
    if (!virtio_driver_used(&g->driver, RX, &head, &written)) {
        return 0;
    }
    uint8_t mac[6];
    const uint8_t *at = virtio_driver_ram(&g->driver, RX_AT(head));
    static const uint8_t header[NET_HEADER_BYTES] = {[10] = 1};
    assert_memory_equal(at, header, sizeof(header));
    put_mac(mac, from);
    assert_memory_equal(at + 18, mac, 6);
    for (uint32_t i = 12; i < written - NET_HEADER_BYTES; i++) {
        assert_int_equal(at[12 + i], (uint8_t)(i * 7));
    }
    offer(g, head, 0x800);
    virtio_driver_notify(&g->driver, RX);
    return written - NET_HEADER_BYTES;
}

static uint64_t config(struct guest *g, unsigned offset, unsigned width)
{
    return bus_read(&rig.mmio, g->driver.config + offset, width, 0);
}

static void shows_what_it_is(void **state)
{
    (void)state;
    make(2, false);
    start_all(2, QUEUE);
    assert_int_equal(guest_pci_rig_read(&rig, 29, 0, 4), 0x10411af4);
    assert_int_equal(guest_pci_rig_read(&rig, 29, 8, 4) >> 8, 0x020000);
    uint8_t mac[6];
    put_mac(mac, MAC(1));
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(config(&guests[1], i, 1), mac[i]);
    }
    assert_int_equal(config(&guests[1], 6, 2), 1);
    assert_int_equal(config(&guests[1], 8, 2), 1);
    assert_int_equal(config(&guests[1], 10, 2), MTU);
    end(2);
}

static void frames_arrive_as_they_were(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {14, 60, 333, 1514, 1518};
    make(2, false);
    start_all(2, QUEUE);
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        assert_true(send(&guests[0], MAC(1), MAC(0), sizes[i]));
        assert_int_equal(receive(&guests[1], MAC(0)), sizes[i]);
        assert_true(send(&guests[1], BROADCAST, MAC(1), sizes[i]));
        assert_int_equal(receive(&guests[0], MAC(1)), sizes[i]);
    }
    struct net_counts c = net_port_counts(&guests[0].net.port);
    assert_int_equal(c.packets_sent, 5);
    assert_int_equal(c.bytes_received, 14 + 60 + 333 + 1514 + 1518);
    assert_int_equal(c.dropped_sending + c.dropped_receiving, 0);
    end(2);
}

/* Each of them is dropped and counted, and the next good one goes through. */
static void bad_frames_are_dropped(void **state)
{
    (void)state;
    make(2, true);
    start_all(2, QUEUE);
    assert_true(send(&guests[0], MAC(1), MAC(0), 13));             /* no whole header */
    assert_true(send(&guests[0], MAC(1), MAC(0), MTU + 19));       /* too long */
    assert_true(send(&guests[0], MAC(1), FOREIGN, 60));            /* filter */
    assert_true(send(&guests[0], MAC(1), MAC(0) | BIT64(40), 60)); /* from many */
    put_frame(&guests[0], MAC(1), MAC(0), 60);
    *(uint8_t *)virtio_driver_ram(&guests[0].driver, TX_AT + 1) = 1; /* a segment to be cut */
    virtio_driver_offer(&guests[0].driver, TX, 0);
    virtio_driver_notify(&guests[0].driver, TX);
    assert_int_equal(net_port_counts(&guests[0].net.port).dropped_sending, 5);
    assert_true(virtio_is_ready(&guests[0].net.virtio));
    assert_int_equal(receive(&guests[1], MAC(0)), 0);
    uint32_t head, written;
    assert_true(virtio_driver_used(&guests[0].driver, TX, &head, &written));
    assert_true(send(&guests[0], MAC(1), MAC(0), 60));
    assert_int_equal(receive(&guests[1], MAC(0)), 60);
    end(2);
}

static void addresses_are_known_or_learned(void **state)
{
    (void)state;
    make(3, false);
    start_all(3, QUEUE);
    assert_true(send(&guests[0], MAC(2), MAC(0), 60));
    assert_int_equal(receive(&guests[1], MAC(0)), 0);
    assert_int_equal(receive(&guests[2], MAC(0)), 60);
    assert_true(send(&guests[0], FOREIGN, MAC(0), 60)); /* nobody knows it: all get it */
    assert_int_equal(receive(&guests[1], MAC(0)), 60);
    assert_int_equal(receive(&guests[2], MAC(0)), 60);
    assert_true(send(&guests[1], BROADCAST, FOREIGN, 60));
    assert_int_equal(receive(&guests[0], FOREIGN), 60);
    assert_int_equal(receive(&guests[2], FOREIGN), 60);
    assert_true(send(&guests[0], FOREIGN, MAC(0), 60)); /* it is behind guest 1 */
    assert_int_equal(receive(&guests[1], MAC(0)), 60);
    assert_int_equal(receive(&guests[2], MAC(0)), 0);
    assert_true(send(&guests[1], BROADCAST, MAC(2), 60)); /* who pretends to be another gets nothing of it */
    assert_int_equal(receive(&guests[0], MAC(2)), 60);
    assert_int_equal(receive(&guests[2], MAC(2)), 60);
    assert_true(send(&guests[0], MAC(2), MAC(0), 60));
    assert_int_equal(receive(&guests[2], MAC(0)), 60);
    assert_int_equal(receive(&guests[1], MAC(0)), 0);
    end(3);
}

static void a_sender_waits_for_room(void **state)
{
    (void)state;
    uint32_t head, written;
    make(2, false);
    start(&guests[0], QUEUE);
    start(&guests[1], 2);
    assert_true(send(&guests[0], MAC(1), MAC(0), 60));
    assert_true(send(&guests[0], MAC(1), MAC(0), 60));
    assert_false(send(&guests[0], MAC(1), MAC(0), 61));
    assert_int_equal(guest_pci_deadline(&rig.pci), 0);
    look_all();
    assert_int_equal(guest_pci_deadline(&rig.pci), NET_PORT_PATIENCE_NS);
    assert_false(virtio_driver_used(&guests[0].driver, TX, &head, &written));
    assert_int_equal(guests[0].wakes, 0);
    assert_int_equal(receive(&guests[1], MAC(0)), 60); /* makes room, and says so */
    assert_int_equal(guests[0].wakes, 1);
    look_all();
    assert_true(virtio_driver_used(&guests[0].driver, TX, &head, &written));
    assert_int_equal(receive(&guests[1], MAC(0)), 60);
    assert_int_equal(receive(&guests[1], MAC(0)), 61);
    assert_int_equal(net_port_counts(&guests[1].net.port).dropped_receiving, 0);
    assert_int_equal(guest_pci_deadline(&rig.pci), UINT64_MAX);
    end(2);
}

static void patience_ends(void **state)
{
    (void)state;
    uint32_t head, written;
    make(2, false);
    start(&guests[0], QUEUE);
    start(&guests[1], 0);
    assert_false(send(&guests[0], MAC(1), MAC(0), 60));
    fake_time_advance_ns(NET_PORT_PATIENCE_NS);
    look_all();
    assert_true(virtio_driver_used(&guests[0].driver, TX, &head, &written));
    assert_int_equal(net_port_counts(&guests[1].net.port).dropped_receiving, 1);
    assert_true(send(&guests[0], MAC(1), MAC(0), 60)); /* at once now */
    assert_int_equal(net_port_counts(&guests[1].net.port).dropped_receiving, 2);
    offer(&guests[1], 0, 0x800); /* one buffer is used, but makes no new patience */
    virtio_driver_notify(&guests[1].driver, RX);
    assert_true(send(&guests[0], MAC(1), MAC(0), 62));
    assert_true(send(&guests[0], MAC(1), MAC(0), 63));
    assert_int_equal(net_port_counts(&guests[1].net.port).dropped_receiving, 3);
    for (unsigned i = 1; i < 1 + QUEUE / 2; i++) {
        offer(&guests[1], i, 0x800);
    }
    virtio_driver_notify(&guests[1].driver, RX);
    for (unsigned i = 0; i < QUEUE / 2; i++) {
        assert_true(send(&guests[0], MAC(1), MAC(0), 64));
    }
    assert_false(send(&guests[0], MAC(1), MAC(0), 65)); /* much room brought it back */
    end(2);
}

/* A silent guest stalls nobody who sends to many. */
static void floods_do_not_wait(void **state)
{
    (void)state;
    make(3, false);
    start(&guests[0], QUEUE);
    start(&guests[1], QUEUE);
    start(&guests[2], 0);
    for (unsigned i = 0; i < 20; i++) {
        assert_true(send(&guests[0], BROADCAST, MAC(0), 60));
        assert_int_equal(receive(&guests[1], MAC(0)), 60);
    }
    assert_int_equal(net_port_counts(&guests[2].net.port).dropped_receiving, 20);
    end(3);
}

/* Another vCPU of the sender's keeps its queue full: the first one's CPU, which others may share, gets a rest. */
static void a_queue_that_never_empties_is_paced(void **state)
{
    (void)state;
    uint64_t now = 10 * PCI_EMULATED_PACE_NS;
    make(2, true);
    start(&guests[1], QUEUE);
    assert_true(virtio_driver_negotiate(&guests[0].driver, VIRTIO_F_VERSION_1));
    virtio_driver_queue(&guests[0].driver, TX, VIRTQUEUE_SIZE_MAX);
    virtio_driver_status(&guests[0].driver, VIRTIO_DRIVER_OK);
    look_all();
    put_frame(&guests[0], MAC(1), FOREIGN, 60);
    for (unsigned turn = 0; turn < 5; turn++) {
        for (unsigned i = 0; i < VIRTQUEUE_SIZE_MAX; i++) {
            virtio_driver_offer(&guests[0].driver, TX, 0);
        }
        if (turn == 0) {
            virtio_driver_notify(&guests[0].driver, TX);
            continue;
        }
        guest_pci_advance(&rig.pci, now);
        uint64_t due = guest_pci_deadline(&rig.pci);
        assert_true(due >= now + PCI_EMULATED_PACE_NS && due < now + 3 * PCI_EMULATED_PACE_NS);
        guest_pci_advance(&rig.pci, due - 1); /* for something else: no frames */
        assert_int_equal(guest_pci_deadline(&rig.pci), due);
        now = due;
    }
    assert_int_equal(net_port_counts(&guests[0].net.port).dropped_sending, 5 * VIRTQUEUE_SIZE_MAX);
    end(2);
}

static void small_buffers_lose_frames(void **state)
{
    (void)state;
    make(2, false);
    start(&guests[0], QUEUE);
    start(&guests[1], 0);
    offer(&guests[1], 0, 40);
    virtio_driver_notify(&guests[1].driver, RX);
    assert_true(send(&guests[0], MAC(1), MAC(0), 60));
    assert_int_equal(net_port_counts(&guests[1].net.port).dropped_receiving, 1);
    assert_true(send(&guests[0], MAC(1), MAC(0), 28));
    assert_int_equal(receive(&guests[1], MAC(0)), 28);
    end(2);
}

/* All but one page. */
static bool deny_page(struct watch *watch, uint64_t at, uint64_t bytes)
{
    (void)watch;
    assert_true(at / PAGE_SIZE == (at + bytes - 1) / PAGE_SIZE);
    return at / PAGE_SIZE != RX_AT(4) / PAGE_SIZE;
}

/* A frame over the edge of a page that is watched: none of it arrives there, neither its start nor its rest. */
static void watched_memory_is_not_written(void **state)
{
    (void)state;
    make(2, false);
    start(&guests[0], QUEUE);
    start(&guests[1], 0);
    guests[1].driver.memory.may_write = deny_page;
    const uint64_t edge = RX_AT(4), watched = edge + PAGE_SIZE;
    for (unsigned i = 0; i < 3; i++) {
        const uint64_t places[] = {edge - 100, edge, watched - 100};
        memset(virtio_driver_ram(&guests[1].driver, edge), 0, PAGE_SIZE);
        memset(virtio_driver_ram(&guests[1].driver, watched), 0, 0x800);
        virtio_driver_describe(&guests[1].driver, RX, i, places[i], 0x800, WRITES, 0);
        virtio_driver_offer(&guests[1].driver, RX, (uint16_t)i);
        virtio_driver_notify(&guests[1].driver, RX);
        assert_true(send(&guests[0], MAC(1), MAC(0), 1000));
        for (uint64_t at = edge; at < watched; at++) {
            assert_int_equal(*(uint8_t *)virtio_driver_ram(&guests[1].driver, at), 0);
        }
        const uint8_t *behind = virtio_driver_ram(&guests[1].driver, watched);
        assert_int_equal(behind[0], i == 2 ? (uint8_t)((100 - NET_HEADER_BYTES) * 7) : 0);
    }
    end(2);
}

static void cutting_is_seen_at_both_ends(void **state)
{
    (void)state;
    char line[EVENT_LINE_MAX];
    make(3, false);
    start_all(3, QUEUE);
    assert_int_equal(net_link_set(&link, "b", false), STATUS_OK);
    assert_true(event_take(line, sizeof(line)) != 0);
    assert_non_null(strstr(line, "\"type\":\"link\",\"network\":\"lan\",\"guest\":\"b\",\"up\":false"));
    assert_int_equal(guests[1].wakes, 1);
    look_all();
    assert_int_equal(config(&guests[0], 6, 2), 1);
    assert_int_equal(config(&guests[1], 6, 2), 0);
    assert_int_equal(virtio_driver_isr(&guests[1].driver) & 2, 2);
    assert_true(send(&guests[0], MAC(1), MAC(0), 60));
    assert_int_equal(receive(&guests[1], MAC(0)), 0);
    assert_int_equal(net_port_counts(&guests[1].net.port).dropped_receiving, 1);
    assert_true(send(&guests[1], MAC(0), MAC(1), 60));
    assert_int_equal(receive(&guests[0], MAC(1)), 0);
    assert_int_equal(net_port_counts(&guests[1].net.port).dropped_sending, 1);
    assert_int_equal(net_link_set(&link, "b", true), STATUS_OK);
    look_all();
    assert_int_equal(config(&guests[1], 6, 2), 1);
    assert_true(send(&guests[0], MAC(1), MAC(0), 60));
    assert_int_equal(receive(&guests[1], MAC(0)), 60);
    assert_int_equal(net_link_set(&link, NULL, false), STATUS_OK);
    look_all();
    assert_int_equal(config(&guests[0], 6, 2), 0);
    assert_int_equal(net_link_set(&link, "d", true), STATUS_NOT_FOUND);
    end(3);
}

static void a_guest_that_resets_gets_nothing_more(void **state)
{
    (void)state;
    make(2, false);
    start_all(2, QUEUE);
    assert_true(send(&guests[0], MAC(1), MAC(0), 60));
    guests[0].wakes = 0;
    pci_emulated_reset(&guests[1].net.virtio.function);
    assert_int_equal(guests[0].wakes, 1);
    memset(virtio_driver_ram(&guests[1].driver, 0), 0, VIRTIO_DRIVER_RAM); /* scrubbed */
    assert_true(send(&guests[0], MAC(1), MAC(0), 60));
    look_all();
    assert_int_equal(config(&guests[0], 6, 2), 0);
    for (unsigned i = 0; i < VIRTIO_DRIVER_RAM; i++) {
        assert_int_equal(*(uint8_t *)virtio_driver_ram(&guests[1].driver, i), 0);
    }
    start(&guests[1], QUEUE);
    look_all();
    assert_int_equal(config(&guests[0], 6, 2), 1);
    assert_true(send(&guests[0], MAC(1), MAC(0), 70));
    assert_int_equal(receive(&guests[1], MAC(0)), 70);
    end(2);
}

/* It breaks its queue: the others learn that it is gone, and nothing of theirs waits. */
static void a_broken_driver_hurts_itself(void **state)
{
    (void)state;
    make(2, false);
    start(&guests[0], QUEUE);
    start(&guests[1], 0);
    assert_false(send(&guests[0], MAC(1), MAC(0), 60));
    virtio_driver_describe(&guests[1].driver, RX, 0, UINT64_C(1) << 40, 2048, WRITES, 0);
    virtio_driver_offer(&guests[1].driver, RX, 0);
    virtio_driver_notify(&guests[1].driver, RX);
    assert_false(virtio_is_ready(&guests[1].net.virtio));
    assert_true(virtio_is_ready(&guests[0].net.virtio));
    look_all();
    assert_int_equal(config(&guests[0], 6, 2), 0);
    uint32_t head, written;
    assert_true(virtio_driver_used(&guests[0].driver, TX, &head, &written));
    end(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_what_it_is),
        cmocka_unit_test(frames_arrive_as_they_were),
        cmocka_unit_test(bad_frames_are_dropped),
        cmocka_unit_test(addresses_are_known_or_learned),
        cmocka_unit_test(a_sender_waits_for_room),
        cmocka_unit_test(patience_ends),
        cmocka_unit_test(floods_do_not_wait),
        cmocka_unit_test(a_queue_that_never_empties_is_paced),
        cmocka_unit_test(small_buffers_lose_frames),
        cmocka_unit_test(watched_memory_is_not_written),
        cmocka_unit_test(cutting_is_seen_at_both_ends),
        cmocka_unit_test(a_guest_that_resets_gets_nothing_more),
        cmocka_unit_test(a_broken_driver_hurts_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
