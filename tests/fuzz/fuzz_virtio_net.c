/* SPDX-License-Identifier: GPL-2.0-only
 * A guest that drives its network device as it likes, on a network with one that behaves: rings, descriptors, frames
 * and registers are anything. The other one's device stays good, and of its RAM nothing changes but rings and posted
 * buffers; what it gets is no longer than a frame; one step's work is bounded. Steps are as in fuzz_virtqueue.c: what,
 * where (3), value (8), width, more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/virtio_net.h"
#include "kernel/core/event.h"
#include "tests/fake/guest_pci_rig.h"
#include "tests/fake/log.h"
#include "tests/fake/time.h"
#include "tests/fake/virtio_driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEP_BYTES 14
#define STEPS_MAX 300
#define BAD 29u
#define GOOD 28u
#define QUEUE 16u
#define MTU 576u
#define BUFFER_AT 0x2000u
#define BUFFER 1024u
#define FRAME_MAX (MTU + NET_ETHERNET_BYTES + NET_VLAN_BYTES)
#define STEP_FRAMES_MAX 200u
#define QUIET 0xc3

static struct guest_pci_rig rig;
static struct net_link link;
static struct {
    struct virtio_driver driver;
    struct virtio_net net;
} bad, good;
static uint8_t quiet[VIRTIO_DRIVER_RAM];
static bool made;

static void need(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "virtio net: %s\n", what);
        abort();
    }
}

static void wake(void *context)
{
    (void)context;
}

static void add(struct virtio_net *net, struct virtio_driver *driver, unsigned device, const char *name)
{
    const struct virtio_net_place place = {
        &link, 0x525400000000 + device, device, &rig.router, &driver->memory, name, wake, NULL};
    need(virtio_net_init(net, &place) == STATUS_OK, "device");
    need(guest_pci_add_emulated(&rig.pci, &net->virtio.function) == STATUS_OK, "place");
}

static void offer(unsigned index)
{
    virtio_driver_describe(&good.driver, 0, index, BUFFER_AT + BUFFER * index, BUFFER, 2, 0);
    virtio_driver_offer(&good.driver, 0, (uint16_t)index);
}

static void start_good(void)
{
    need(virtio_driver_negotiate(&good.driver, VIRTIO_F_VERSION_1), "features");
    virtio_driver_queue(&good.driver, 0, QUEUE);
    virtio_driver_queue(&good.driver, 1, QUEUE);
    for (unsigned i = 0; i < QUEUE; i++) {
        offer(i);
    }
    virtio_driver_status(&good.driver, VIRTIO_DRIVER_OK);
}

static void start(void)
{
    if (!made) {
        guest_pci_rig_start(&rig);
        virtio_driver_memory(&bad.driver);
        virtio_driver_memory(&good.driver);
        memset(quiet, QUIET, sizeof(quiet));
        made = true;
    }
    event_reset();
    fake_log_reset();
    fake_time_reset();
    memset(virtio_driver_ram(&bad.driver, 0), 0, VIRTIO_DRIVER_RAM);
    memset(virtio_driver_ram(&good.driver, 0), QUIET, VIRTIO_DRIVER_RAM);
    bad.driver.size = QUEUE;
    net_link_init(&link, "lan", MTU, false);
    add(&bad.net, &bad.driver, BAD, "bad");
    add(&good.net, &good.driver, GOOD, "good");
    need(guest_pci_show_emulated(&rig.pci) == STATUS_OK, "BARs");
    virtio_driver_find(&bad.driver, &rig.pci, &rig.mmio, BAD);
    virtio_driver_find(&good.driver, &rig.pci, &rig.mmio, GOOD);
    start_good();
}

static void leave(struct virtio_net *net, unsigned device)
{
    pci_emulated_hide(&net->virtio.function);
    rig.pci.emulated[device] = NULL;
    virtio_net_free(net);
}

/* All that it got, checked and offered again. Returns how many. */
static unsigned take_good(void)
{
    uint32_t head = 0, written = 0;
    unsigned taken = 0;
    while (virtio_driver_used(&good.driver, 0, &head, &written)) {
        need(head < QUEUE && written >= NET_HEADER_BYTES + NET_ETHERNET_BYTES &&
                 written <= NET_HEADER_BYTES + FRAME_MAX,
             "a frame of a length that no link carries");
        static const uint8_t header[NET_HEADER_BYTES] = {[10] = 1};
        need(memcmp(virtio_driver_ram(&good.driver, BUFFER_AT + BUFFER * head), header, sizeof(header)) == 0,
             "a header that the sender made");
        offer(head);
        taken++;
    }
    virtio_driver_notify(&good.driver, 0);
    return taken;
}

static void must_hold(unsigned taken)
{
    need(virtio_is_ready(&good.net.virtio), "the other device broke");
    need(taken <= STEP_FRAMES_MAX, "one step did too much");
    need(memcmp(virtio_driver_ram(&good.driver, 0), quiet, BUFFER_AT) == 0, "RAM below the buffers changed");
    size_t end = BUFFER_AT + BUFFER * QUEUE;
    need(memcmp(virtio_driver_ram(&good.driver, end), quiet, 0x10000 - end) == 0, "RAM above the buffers changed");
}

static void set_up(uint64_t more)
{
    if (virtio_driver_negotiate(&bad.driver, VIRTIO_F_VERSION_1 | (more & 0x10028))) {
        virtio_driver_queue(&bad.driver, 0, QUEUE);
        virtio_driver_queue(&bad.driver, 1, QUEUE);
        virtio_driver_status(&bad.driver, VIRTIO_DRIVER_OK);
    }
}

static void request(unsigned queue, const uint8_t *s, uint64_t value)
{
    uint16_t index = s[3] % 20;
    if (index < QUEUE) {
        virtio_driver_describe(&bad.driver, queue, index, value & 0x2ffff, (uint32_t)(value >> 32) & 0x3fff, s[13],
                               s[12]);
    }
    virtio_driver_offer(&bad.driver, queue, index);
    virtio_driver_notify(&bad.driver, queue);
}

/* A frame that is good but for what the input says: its length, and where it goes. */
static void frame(const uint8_t *s)
{
    uint8_t *at = virtio_driver_ram(&bad.driver, 0x8000);
    memset(at, 0, NET_HEADER_BYTES);
    memcpy(at + NET_HEADER_BYTES, (const uint8_t[]){0x52, 0x54, 0, 0, 0, (s[1] & 1) != 0 ? GOOD : s[2]}, 6);
    memcpy(at + NET_HEADER_BYTES + 6, s + 4, 6);
    virtio_driver_describe(&bad.driver, 1, 0, 0x8000, s[3] * 3u, 0, 0);
    virtio_driver_offer(&bad.driver, 1, 0);
    virtio_driver_notify(&bad.driver, 1);
}

/* The one that behaves sends to all. */
static void answer(uint8_t bytes)
{
    uint32_t head, written;
    memset(virtio_driver_ram(&good.driver, BUFFER_AT), 0, NET_HEADER_BYTES);
    virtio_driver_describe(&good.driver, 1, 0, BUFFER_AT, NET_HEADER_BYTES + NET_ETHERNET_BYTES + bytes, 0, 0);
    virtio_driver_offer(&good.driver, 1, 0);
    virtio_driver_notify(&good.driver, 1);
    fake_time_advance_ns(2 * NET_PORT_PATIENCE_NS);
    guest_pci_advance(&rig.pci, 0);
    need(virtio_driver_used(&good.driver, 1, &head, &written), "its frame waits for longer than it may");
}

static void step(const uint8_t *s)
{
    uint64_t value;
    uint32_t at = s[1] | (uint32_t)s[2] << 8 | (uint32_t)s[3] << 16;
    unsigned width = 1u << (s[12] & 3);
    memcpy(&value, s + 4, 8);
    switch (s[0] % 10) {
    case 0: /* its RAM, rings in every other case */
        at = (s[12] & 0x10) != 0 ? 0x10000 + (at & 0xffff) : at;
        memcpy(virtio_driver_ram(&bad.driver, at % (VIRTIO_DRIVER_RAM - 8)), &value, sizeof(value));
        break;
    case 1:
        virtio_driver_write(&bad.driver, at & 0x3f, width, value);
        break;
    case 2:
        bus_write(&rig.mmio, bad.driver.bar + (at & 0x3fff), width, value, 0);
        (void)bus_read(&rig.mmio, bad.driver.bar + (at & 0x3fff), width, 0);
        break;
    case 3:
        virtio_driver_notify(&bad.driver, s[1] % 4);
        break;
    case 4:
        guest_pci_advance(&rig.pci, 0);
        break;
    case 5:
        set_up(value);
        break;
    case 6:
        frame(s);
        break;
    case 7:
        answer(s[1]);
        break;
    case 8: /* cut and restored */
        need(net_link_set(&link, (s[1] & 2) != 0 ? NULL : "bad", (s[1] & 1) != 0) == STATUS_OK, "the link");
        break;
    default:
        request(s[1] % 2, s, value);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    for (size_t i = 0; i + STEP_BYTES <= size && i < STEP_BYTES * STEPS_MAX; i += STEP_BYTES) {
        step(data + i);
        guest_pci_advance(&rig.pci, 0);
        must_hold(take_good());
    }
    leave(&bad.net, BAD);
    leave(&good.net, GOOD);
    return 0;
}
