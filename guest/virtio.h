/* SPDX-License-Identifier: GPL-2.0-only
 * One emulated virtio function: the PCI transport of virtio 1.x devices (virtio 1.2, 4.1), modern interface alone. A
 * device gives its operations, and storage for its queues. What the guest breaks stops this device alone: it is told by
 * DEVICE_NEEDS_RESET. Calls of one guest are serialised by its lock. */
#ifndef BULKHEAD_GUEST_VIRTIO_H
#define BULKHEAD_GUEST_VIRTIO_H

#include "guest/pci_emulated.h"
#include "guest/virtqueue.h"
#include "kernel/lib/bits.h"

#define VIRTIO_F_VERSION_1 BIT64(32)

/* Device status (2.1). */
enum virtio_status {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64,
    VIRTIO_FAILED = 128,
};

/* device is what virtio_init was given. */
struct virtio_ops {
    const char *name;                             /* for the log: "console" */
    uint16_t device_id;                           /* virtio's: 1 network, 3 console */
    uint32_t class_code;                          /* PCI's, base class 23:16 */
    uint64_t features;                            /* offered, VERSION_1 apart, which always is */
    unsigned queue_count;                         /* at most as many as there is storage for */
    uint16_t queue_size_max;                      /* a power of two, at most VIRTQUEUE_SIZE_MAX */
    unsigned vectors;                             /* of MSI-X; one a queue and one for the configuration are enough */
    uint32_t config_bytes;                        /* of the device's own configuration; reads beyond are 0 */
    void (*reset)(void *device);                  /* queues are off already */
    void (*ready)(void *device);                  /* DRIVER_OK: v->features are negotiated, queues are on */
    void (*notify)(void *device, unsigned queue); /* only while it is ready, for a queue that is on */
    uint8_t (*config_read)(void *device, uint32_t offset);
    void (*config_write)(void *device, uint32_t offset, uint8_t value); /* NULL: nothing is writable */
    uint64_t (*deadline)(const void *device);                           /* NULL: never; as in pci_emulated.h */
    void (*advance)(void *device, uint64_t now_ns);                     /* likewise */
};

/* A queue as the driver sets it up. */
struct virtio_queue {
    struct virtqueue ring;
    uint16_t size;   /* as the driver chose, or the largest */
    uint16_t vector; /* of MSI-X, or PCI_EMULATED_NO_VECTOR */
    bool enabled;
    uint64_t descriptors, available, used;
};

struct virtio {
    struct pci_emulated function;
    struct pci_emulated_ops pci; /* made from ops */
    const struct virtio_ops *ops;
    void *device;
    const struct guest_memory *memory;
    const char *guest; /* its name, for the log */
    struct virtio_queue *queues;
    uint64_t features; /* that the driver took */
    uint32_t feature_select, driver_feature_select;
    uint16_t queue_select;
    uint16_t config_vector;
    uint8_t status;
    uint8_t generation;
    uint8_t isr;
    unsigned breaks; /* times that the guest broke it */
    uint16_t window; /* config space: the capability for access to BARs (4.1.4.9) */
};

/* Not on a bus yet: guest_pci_add_emulated(pci, &v->function). device: number on the guest's bus 0. queues: storage for
 * ops->queue_count. name and memory live on. STATUS_NO_MEMORY. */
MUST_CHECK enum status virtio_init(struct virtio *v, const struct virtio_ops *ops, void *context,
                                   struct virtio_queue *queues, unsigned device, const struct message_router *router,
                                   const struct guest_memory *memory, const char *guest);
void virtio_free(struct virtio *v);

/* DRIVER_OK, and not broken since: queues may be used. */
bool virtio_is_ready(const struct virtio *v);

/* The next request of a queue; false when there is none, or the device is not ready, or the guest broke it. */
MUST_CHECK bool virtio_pop(struct virtio *v, unsigned queue, struct virtqueue_chain *chain);
void virtio_unpop(struct virtio *v, unsigned queue);
/* It is done; tell the guest with virtio_interrupt after the last one. */
void virtio_push(struct virtio *v, unsigned queue, const struct virtqueue_chain *chain, uint32_t written);
/* Bytes of a request out, or into it. How many. */
size_t virtio_read(const struct virtio *v, struct virtqueue_chain *chain, void *to, size_t n);
size_t virtio_write(const struct virtio *v, struct virtqueue_chain *chain, const void *from, size_t n);

/* Requests of the queue are done: interrupt, unless the guest does not want to know. */
void virtio_interrupt(struct virtio *v, unsigned queue);
/* The device's configuration is another. */
void virtio_config_changed(struct virtio *v);

/* The guest did what no driver may: the device stops until it is reset. why: a constant text. */
void virtio_break(struct virtio *v, unsigned queue, const char *why);

#endif
