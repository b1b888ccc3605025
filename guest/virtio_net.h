/* SPDX-License-Identifier: GPL-2.0-only
 * A virtio network device (virtio 1.2, 5.1) at a port of a network between guests: a receive and a transmit queue, its
 * address, link state and MTU. No offloads: frames are as they are on the wire. */
#ifndef BULKHEAD_GUEST_VIRTIO_NET_H
#define BULKHEAD_GUEST_VIRTIO_NET_H

#include "guest/net_link.h"
#include "guest/virtio.h"

#define VIRTIO_NET_QUEUES 2u

struct virtio_net {
    struct virtio virtio;
    struct virtio_ops ops;
    struct net_port port;
    bool carrier;      /* as the guest was told */
    bool again;        /* there is more to send than one turn may ... */
    uint64_t again_ns; /* ... from this guest time on; 0: at once */
    bool waits;        /* a frame waits for a buffer ... */
    uint64_t retry_ns; /* ... until this guest time at most; 0: not known yet */
    struct virtio_queue queues[VIRTIO_NET_QUEUES];
};

/* About 140 KiB: not on a stack. */
struct virtio_net_place {
    struct net_link *link;
    uint64_t mac;    /* first byte 47:40 */
    unsigned device; /* number on the guest's bus 0 */
    const struct message_router *router;
    const struct guest_memory *memory;
    const char *guest;
    void (*wake)(void *context); /* have the device look (advance) on its guest's first vCPU; any CPU */
    void *context;
};

/* Joins the link. All that place points to lives on. STATUS_NO_MEMORY. */
MUST_CHECK enum status virtio_net_init(struct virtio_net *net, const struct virtio_net_place *place);
void virtio_net_free(struct virtio_net *net);

#endif
