/* SPDX-License-Identifier: GPL-2.0-only
 * A small virtio driver (virtio 1.2, 2.7 and 4.1). */
#include "tests/fake/virtio_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci_regs.h"
#include "kernel/core/pages.h"

#define RINGS_AT 0x10000u /* of queue 0 */
#define RINGS_BYTES 0x1000u
#define AVAILABLE_AT 0x800u
#define USED_AT 0xa00u
#define REQUEST_AT 0x1000u
#define ANSWER_AT 0x4000u

static void need(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "virtio driver: %s\n", what);
        abort();
    }
}

void *virtio_driver_ram(const struct virtio_driver *d, uint64_t at)
{
    void *p = guest_memory_at(&d->memory, gpa(at), 1);
    need(p != NULL, "an address outside of RAM");
    return p;
}

void virtio_driver_memory(struct virtio_driver *d)
{
    memset(d, 0, sizeof(*d));
    need(guest_memory_layout(VIRTIO_DRIVER_RAM, &d->memory) == STATUS_OK, "RAM");
    need(pages_alloc_block(VIRTIO_DRIVER_RAM, PAGE_SIZE, UINT64_MAX, &d->memory.slots[0].backing) == STATUS_OK,
         "pages for RAM");
    memset(virtio_driver_ram(d, 0), 0, VIRTIO_DRIVER_RAM);
}

static uint32_t config_read(const struct virtio_driver *d, unsigned offset, unsigned width)
{
    return (uint32_t)bus_read(d->mmio, GUEST_ECAM_START + ((uint64_t)d->device << 15) + offset, width, 0);
}

static void config_write(const struct virtio_driver *d, unsigned offset, unsigned width, uint32_t value)
{
    bus_write(d->mmio, GUEST_ECAM_START + ((uint64_t)d->device << 15) + offset, width, value, 0);
}

static uint64_t bar_at(const struct virtio_driver *d, unsigned index)
{
    return (config_read(d, PCI_BAR0 + 4 * index, 4) & ~0xfu) | (uint64_t)config_read(d, PCI_BAR0 + 4 * index + 4, 4)
                                                                   << 32;
}

static void take_capability(struct virtio_driver *d, unsigned at)
{
    unsigned type = config_read(d, at + 3, 1);
    uint64_t where = bar_at(d, config_read(d, at + 4, 1)) + config_read(d, at + 8, 4);
    d->found |= 1u << type;
    d->bar = type == 1 ? where : d->bar;
    d->notify = type == 2 ? where : d->notify;
    d->isr = type == 3 ? where : d->isr;
    d->config = type == 4 ? where : d->config;
    d->window = type == 5 ? (uint16_t)at : d->window;
}

static unsigned find_msix(const struct virtio_driver *d)
{
    unsigned at = config_read(d, PCI_CAPABILITIES, 1);
    while (at != 0 && config_read(d, at, 1) != PCI_CAP_MSIX) {
        at = config_read(d, at + 1, 1);
    }
    return at;
}

void virtio_driver_find(struct virtio_driver *d, struct guest_pci *pci, struct bus *mmio, unsigned device)
{
    d->pci = pci;
    d->mmio = mmio;
    d->device = device;
    for (unsigned at = config_read(d, PCI_CAPABILITIES, 1); at != 0; at = config_read(d, at + 1, 1)) {
        if (config_read(d, at, 1) == PCI_CAP_VENDOR) {
            take_capability(d, at);
        }
    }
    uint32_t table = config_read(d, find_msix(d) + PCI_MSIX_TABLE, 4);
    d->table = bar_at(d, table & 7) + (table & ~7u);
}

uint64_t virtio_driver_read(const struct virtio_driver *d, unsigned offset, unsigned width)
{
    return bus_read(d->mmio, d->bar + offset, width, 0);
}

void virtio_driver_write(const struct virtio_driver *d, unsigned offset, unsigned width, uint64_t value)
{
    bus_write(d->mmio, d->bar + offset, width, value, 0);
}

void virtio_driver_status(const struct virtio_driver *d, uint8_t more)
{
    virtio_driver_write(d, 0x14, 1, virtio_driver_read(d, 0x14, 1) | more);
}

uint8_t virtio_driver_isr(const struct virtio_driver *d)
{
    return (uint8_t)bus_read(d->mmio, d->isr, 1, 0);
}

void virtio_driver_mask(const struct virtio_driver *d, unsigned vector, bool masked)
{
    bus_write(d->mmio, d->table + 16 * vector + 12, 4, masked, 0);
}

void virtio_driver_messages(const struct virtio_driver *d, unsigned vectors)
{
    config_write(d, find_msix(d) + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE);
    for (unsigned i = 0; i < vectors; i++) {
        bus_write(d->mmio, d->table + 16 * i, 8, 0xfee00000, 0);
        bus_write(d->mmio, d->table + 16 * i + 8, 4, 0x40 + i, 0);
        virtio_driver_mask(d, i, false);
    }
}

bool virtio_driver_negotiate(struct virtio_driver *d, uint64_t features)
{
    virtio_driver_write(d, 0x14, 1, 0);
    virtio_driver_status(d, VIRTIO_ACKNOWLEDGE);
    virtio_driver_status(d, VIRTIO_DRIVER);
    for (unsigned i = 0; i < 2; i++) {
        virtio_driver_write(d, 0x08, 4, i);
        virtio_driver_write(d, 0x0c, 4, (uint32_t)(features >> (32 * i)));
    }
    virtio_driver_status(d, VIRTIO_FEATURES_OK);
    return (virtio_driver_read(d, 0x14, 1) & VIRTIO_FEATURES_OK) != 0;
}

static uint64_t rings_of(unsigned queue)
{
    need(queue < VIRTIO_DRIVER_QUEUES, "a queue's number");
    return RINGS_AT + (uint64_t)RINGS_BYTES * queue;
}

void virtio_driver_queue(struct virtio_driver *d, unsigned queue, uint16_t size)
{
    uint64_t at = rings_of(queue);
    memset(virtio_driver_ram(d, at), 0, RINGS_BYTES);
    d->next[queue] = d->seen[queue] = 0;
    d->size = size;
    virtio_driver_write(d, 0x16, 2, queue);
    virtio_driver_write(d, 0x18, 2, size);
    virtio_driver_write(d, 0x1a, 2, queue);
    virtio_driver_write(d, 0x20, 4, at);
    virtio_driver_write(d, 0x24, 4, 0);
    virtio_driver_write(d, 0x28, 8, at + AVAILABLE_AT);
    virtio_driver_write(d, 0x30, 8, at + USED_AT);
    virtio_driver_write(d, 0x1c, 2, 1);
}

void virtio_driver_notify(const struct virtio_driver *d, unsigned queue)
{
    bus_write(d->mmio, d->notify + 4ull * queue, 2, queue, 0);
}

void virtio_driver_describe(const struct virtio_driver *d, unsigned queue, unsigned index, uint64_t at, uint32_t bytes,
                            uint16_t flags, uint16_t next)
{
    uint8_t *to = virtio_driver_ram(d, rings_of(queue) + 16 * index);
    memcpy(to, &at, 8);
    memcpy(to + 8, &bytes, 4);
    memcpy(to + 12, &flags, 2);
    memcpy(to + 14, &next, 2);
}

static void set_available(const struct virtio_driver *d, unsigned queue)
{
    memcpy(virtio_driver_ram(d, rings_of(queue) + AVAILABLE_AT + 2), &d->next[queue], 2);
}

void virtio_driver_offer(struct virtio_driver *d, unsigned queue, uint16_t head)
{
    uint64_t slot = d->next[queue] % d->size;
    memcpy(virtio_driver_ram(d, rings_of(queue) + AVAILABLE_AT + 4 + 2 * slot), &head, 2);
    d->next[queue]++;
    set_available(d, queue);
}

void virtio_driver_jump(struct virtio_driver *d, unsigned queue, uint16_t by)
{
    d->next[queue] = (uint16_t)(d->next[queue] + by);
    set_available(d, queue);
}

bool virtio_driver_used(struct virtio_driver *d, unsigned queue, uint32_t *head, uint32_t *written)
{
    uint64_t at = rings_of(queue) + USED_AT;
    uint16_t index;
    memcpy(&index, virtio_driver_ram(d, at + 2), 2);
    if (index == d->seen[queue]) {
        return false;
    }
    uint64_t entry = at + 4 + 8ull * (d->seen[queue]++ % d->size);
    memcpy(head, virtio_driver_ram(d, entry), 4);
    memcpy(written, virtio_driver_ram(d, entry + 4), 4);
    return true;
}

uint32_t virtio_driver_request(struct virtio_driver *d, unsigned queue, const void *from, uint32_t bytes, uint32_t room)
{
    uint32_t head = 0, written = 0;
    memcpy(virtio_driver_ram(d, REQUEST_AT), from, bytes);
    virtio_driver_describe(d, queue, 0, REQUEST_AT, bytes, 1, 1);
    virtio_driver_describe(d, queue, 1, ANSWER_AT, room, 2, 0);
    virtio_driver_offer(d, queue, 0);
    virtio_driver_notify(d, queue);
    return virtio_driver_used(d, queue, &head, &written) ? written : UINT32_MAX;
}

const void *virtio_driver_answer(const struct virtio_driver *d)
{
    return virtio_driver_ram(d, ANSWER_AT);
}
