/* SPDX-License-Identifier: GPL-2.0-only
 * A small virtio driver for host tests: finds a modern virtio function on a guest's bus, and runs its queues in guest
 * RAM of its own. */
#ifndef BULKHEAD_FAKE_VIRTIO_DRIVER_H
#define BULKHEAD_FAKE_VIRTIO_DRIVER_H

#include "guest/pci.h"
#include "guest/virtio.h"

#define VIRTIO_DRIVER_RAM 0x20000u
#define VIRTIO_DRIVER_QUEUES 16u

struct virtio_driver {
    struct guest_memory memory;
    struct guest_pci *pci;
    struct bus *mmio;
    unsigned device;
    unsigned found; /* bit n: a capability of type n */
    uint64_t bar, table, notify, isr, config;
    uint16_t window; /* offset of the capability for access by config space */
    uint16_t next[VIRTIO_DRIVER_QUEUES], seen[VIRTIO_DRIVER_QUEUES];
    uint16_t size;
};

/* Guest RAM of VIRTIO_DRIVER_RAM bytes from 0 on, which is a block of the host test's own pages. */
void virtio_driver_memory(struct virtio_driver *d);
/* Read capabilities and BARs of function 0 of that device. */
void virtio_driver_find(struct virtio_driver *d, struct guest_pci *pci, struct bus *mmio, unsigned device);

/* Registers of the common configuration. */
uint64_t virtio_driver_read(const struct virtio_driver *d, unsigned offset, unsigned width);
void virtio_driver_write(const struct virtio_driver *d, unsigned offset, unsigned width, uint64_t value);
void virtio_driver_status(const struct virtio_driver *d, uint8_t more); /* set these bits too */
uint8_t virtio_driver_isr(const struct virtio_driver *d);

/* MSI-X on: vector n is message 0x40 + n to vCPU 0, unmasked. Queues that are set up then use the vector of their
 * number. */
void virtio_driver_messages(const struct virtio_driver *d, unsigned vectors);
void virtio_driver_mask(const struct virtio_driver *d, unsigned vector, bool masked);

/* Reset, and features up to FEATURES_OK; false: the device did not keep that. */
bool virtio_driver_negotiate(struct virtio_driver *d, uint64_t features);
/* Rings of a queue, of up to 64 entries, empty, at fixed places, and the queue on. */
void virtio_driver_queue(struct virtio_driver *d, unsigned queue, uint16_t size);
void virtio_driver_notify(const struct virtio_driver *d, unsigned queue);

/* Make descriptor `index` of the queue; make chain `head` available. */
void virtio_driver_describe(const struct virtio_driver *d, unsigned queue, unsigned index, uint64_t at, uint32_t bytes,
                            uint16_t flags, uint16_t next);
void virtio_driver_offer(struct virtio_driver *d, unsigned queue, uint16_t head);
/* The available index goes up without anything there. */
void virtio_driver_jump(struct virtio_driver *d, unsigned queue, uint16_t by);
/* The next request that is done: false when none is. */
bool virtio_driver_used(struct virtio_driver *d, unsigned queue, uint32_t *head, uint32_t *written);

/* One request with `bytes` to read and room for `room`, notified; how many bytes the device wrote (UINT32_MAX: it is
 * not done). The answer is at virtio_driver_answer(). */
uint32_t virtio_driver_request(struct virtio_driver *d, unsigned queue, const void *from, uint32_t bytes,
                               uint32_t room);
const void *virtio_driver_answer(const struct virtio_driver *d);

/* A byte of guest RAM. */
void *virtio_driver_ram(const struct virtio_driver *d, uint64_t at);

#endif
