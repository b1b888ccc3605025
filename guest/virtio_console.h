/* SPDX-License-Identifier: GPL-2.0-only
 * A virtio console with several ports (virtio 1.2, 5.3): port 0 is a terminal (hvc0 of Linux), the others have names
 * (/dev/virtio-ports/NAME). What is behind a port is told by a few functions; they are called with the guest's lock
 * held, on any of its CPUs. */
#ifndef BULKHEAD_GUEST_VIRTIO_CONSOLE_H
#define BULKHEAD_GUEST_VIRTIO_CONSOLE_H

#include "guest/virtio.h"

#define VIRTIO_CONSOLE_PORTS_MAX 32u
#define VIRTIO_CONSOLE_QUEUES(ports) (2 * (ports) + 2) /* two a port, and two for control messages */

/* Functions may be NULL: nothing comes, everything is swallowed. Whoever has bytes again, or room after give took fewer
 * than it was given, says so by vm_platform_device_wake(). */
struct virtio_console_port {
    const char *name;                                        /* of printable characters; NULL for port 0; lives on */
    size_t (*take)(void *context, uint8_t *to, size_t most); /* bytes for the guest: how many there were */
    size_t (*give)(void *context, const uint8_t *from, size_t count); /* from the guest: how many were taken */
    void (*opened)(void *context, bool open); /* by a program of the guest, or no more; false when it starts anew */
    void *context;
};

struct virtio_console_state {
    bool open;      /* by the guest */
    bool full;      /* give took fewer than there were */
    uint8_t tell;   /* messages that the guest has to get: enum in virtio_console.c */
    uint64_t given; /* bytes of the request that waits that were given already */
};

struct virtio_console {
    struct virtio virtio;
    struct virtio_ops ops;
    struct virtio_console_port ports[VIRTIO_CONSOLE_PORTS_MAX];
    struct virtio_console_state states[VIRTIO_CONSOLE_PORTS_MAX];
    unsigned port_count;
    bool again;        /* there is more to do than one turn may take ... */
    uint64_t again_ns; /* ... from this guest time on; 0: at once */
    struct virtio_queue queues[VIRTIO_CONSOLE_QUEUES(VIRTIO_CONSOLE_PORTS_MAX)];
};

/* ports (copied): 1 to VIRTIO_CONSOLE_PORTS_MAX of them; the rest as virtio_init(). */
MUST_CHECK enum status virtio_console_init(struct virtio_console *c, const struct virtio_console_port *ports,
                                           unsigned count, const struct message_router *router,
                                           const struct guest_memory *memory, const char *guest);
void virtio_console_free(struct virtio_console *c);

/* Has the guest port `index` open? */
bool virtio_console_is_open(const struct virtio_console *c, unsigned index);

#endif
