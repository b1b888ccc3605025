/* SPDX-License-Identifier: GPL-2.0-only
 * A guest that drives its virtio console as it likes: rings and descriptors anywhere with anything in them, registers
 * in any order, by BAR and by config space. Nothing outside of its RAM changes, one step's work is bounded, and a
 * device that is broken or off touches nothing. A step is 14 bytes: what, where (3), value (8), width, more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/virtio_console.h"
#include "kernel/core/pages.h"
#include "kernel/hw/phys.h"
#include "tests/fake/guest_pci_rig.h"
#include "tests/fake/virtio_driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEP_BYTES 14
#define STEPS_MAX 300
#define DEVICE 31u
#define PORTS 3u
#define QUEUES VIRTIO_CONSOLE_QUEUES(PORTS)
#define GUARD 0xc3
#define STEP_WORK_MAX 16384u /* bytes given and taken, for three ports in both directions */

static struct guest_pci_rig rig;
static struct virtio_driver driver;
static struct virtio_console console;
static size_t work;
static uint8_t *guards[2];

static void need(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "virtqueue: %s\n", what);
        abort();
    }
}

static size_t take(void *context, uint8_t *to, size_t most)
{
    (void)context;
    need(virtio_is_ready(&console.virtio), "bytes for a device that is not ready");
    size_t n = most < 100 ? most : 100;
    memset(to, 'x', n);
    work += n;
    return n;
}

static size_t give(void *context, const uint8_t *from, size_t count)
{
    unsigned sum = 0;
    need(virtio_is_ready(&console.virtio), "bytes from a device that is not ready");
    for (size_t i = 0; i < count; i++) {
        sum += from[i]; /* all of it can be read */
    }
    work += count;
    return context == NULL ? count : sum % 7 == 0 ? count / 2 : count;
}

static uint8_t *guard_page(void)
{
    struct hpa at;
    need(pages_alloc(&at) == STATUS_OK, "a page");
    memset(phys_to_virt(at), GUARD, PAGE_SIZE);
    return phys_to_virt(at);
}

/* Once: pages are taken from one end of memory, so guards lie on both sides of the guest's RAM, or near. */
static void make_machine(void)
{
    guest_pci_rig_start(&rig);
    guards[0] = guard_page();
    virtio_driver_memory(&driver);
    guards[1] = guard_page();
}

static void start(void)
{
    static char second;
    const struct virtio_console_port ports[PORTS] = {{.take = take, .give = give},
                                                     {"org.bulkhead.a", take, give, NULL, &second},
                                                     {"org.bulkhead.b", NULL, NULL, NULL, NULL}};
    if (guards[0] == NULL) {
        make_machine();
    }
    memset(virtio_driver_ram(&driver, 0), 0, VIRTIO_DRIVER_RAM);
    driver.size = 16;
    need(virtio_console_init(&console, ports, PORTS, &rig.router, &driver.memory, "fuzz") == STATUS_OK, "console");
    need(guest_pci_add_emulated(&rig.pci, &console.virtio.function) == STATUS_OK, "place");
    need(guest_pci_show_emulated(&rig.pci) == STATUS_OK, "BARs");
    virtio_driver_find(&driver, &rig.pci, &rig.mmio, DEVICE);
}

static void finish(void)
{
    pci_emulated_hide(&console.virtio.function);
    rig.pci.emulated[DEVICE] = NULL;
    virtio_console_free(&console);
}

static void must_hold(void)
{
    for (unsigned i = 0; i < 2; i++) {
        bool same = guards[i][0] == GUARD && memcmp(guards[i], guards[i] + 1, PAGE_SIZE - 1) == 0;
        need(same, "a byte outside of the guest's RAM changed");
    }
    need(work <= STEP_WORK_MAX, "one step did too much");
    need(radix_any_mapped(&rig.nested, 0xc0000000, 0x20000000) == false, "a BAR is in the nested tables");
}

/* A driver that does it right, so that the rest is reached. */
static void set_up(uint64_t features)
{
    if (virtio_driver_negotiate(&driver, VIRTIO_F_VERSION_1 | (features & 2))) {
        for (unsigned i = 0; i < QUEUES; i++) {
            virtio_driver_queue(&driver, i, 16);
        }
        virtio_driver_status(&driver, VIRTIO_DRIVER_OK);
    }
}

/* One request of a chain of one or two descriptors, whose fields are the input's. */
static void request(unsigned queue, const uint8_t *s, uint64_t value)
{
    uint16_t index = s[3] % 20;
    if (index < 16) {
        virtio_driver_describe(&driver, queue, index, value & 0x2ffff, (uint32_t)(value >> 32) & 0xffff, s[13], s[12]);
    }
    virtio_driver_offer(&driver, queue, index);
    virtio_driver_notify(&driver, queue);
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
        memcpy(virtio_driver_ram(&driver, at % (VIRTIO_DRIVER_RAM - 8)), &value, sizeof(value));
        break;
    case 1:
        virtio_driver_write(&driver, at & 0x3f, width, value);
        break;
    case 2:
        bus_write(&rig.mmio, driver.bar + (at & 0x3fff), width, value, 0);
        break;
    case 3:
        (void)bus_read(&rig.mmio, driver.bar + (at & 0x3fff), width, 0);
        break;
    case 4:
        virtio_driver_notify(&driver, s[1] % (QUEUES + 2));
        break;
    case 5:
        guest_pci_advance(&rig.pci, 0);
        break;
    case 6:
        set_up(value);
        break;
    case 7:
        guest_pci_rig_write(&rig, DEVICE, at & 0xffc, width > 4 ? 4 : width, (uint32_t)value);
        (void)guest_pci_rig_read(&rig, DEVICE, at & 0xffc, 4);
        break;
    case 8:
        bus_write(&rig.mmio, driver.table + (at & 0xfff), width, value, 0);
        break;
    default:
        request(s[1] % QUEUES, s, value);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    for (size_t i = 0; i + STEP_BYTES <= size && i < STEP_BYTES * STEPS_MAX; i += STEP_BYTES) {
        work = 0;
        step(data + i);
        must_hold();
    }
    finish();
    return 0;
}
