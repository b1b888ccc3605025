/* SPDX-License-Identifier: GPL-2.0-only
 * The wire between the guests of a network: Ethernet frames go from buffers that the sender's driver made available
 * straight into buffers that the receiver's driver posted: one copy, by the sender's CPU.
 *
 * Each guest has a port. Its own CPUs, under its own lock, post empty buffers there and take filled ones; senders fill
 * them under the port's lock, which is held for one frame (inside of it only locks of reports: a watch's, the log's,
 * the events'). Nobody takes another guest's lock. What its guest may not write (guest/watch.h) nobody writes for it. A
 * port that goes down forgets its buffers under that lock: from then on nobody writes to its guest's memory.
 *
 * No buffer: the sender waits (its frame stays in its queue), but not for ever: after NET_PORT_PATIENCE_NS without the
 * receiver having made much room, frames for it are dropped and counted until it does. A frame for several ports
 * (broadcast, multicast, addresses nobody knows) waits for none of them. */
#ifndef BULKHEAD_GUEST_NET_LINK_H
#define BULKHEAD_GUEST_NET_LINK_H

#include "guest/virtqueue.h"
#include "kernel/core/lock.h"

#define NET_LINK_PORTS_MAX 64u
#define NET_LINK_LEARNED 64u /* addresses of others than the devices themselves, behind a guest's bridge */
#define NET_PORT_BUFFERS 64u
#define NET_PORT_PATIENCE_NS UINT64_C(100000000)

#define NET_HEADER_BYTES 12u   /* struct virtio_net_hdr (virtio 1.2, 5.1.6), before every frame in a queue */
#define NET_ETHERNET_BYTES 14u /* destination, source, type */
#define NET_VLAN_BYTES 4u      /* a tag that a frame may have besides */

struct net_buffer {
    struct virtqueue_chain chain;
    uint32_t written; /* bytes, once it is filled */
};

struct net_counts {
    uint64_t packets_sent, bytes_sent; /* frames that somebody got */
    uint64_t packets_received, bytes_received;
    uint64_t dropped_sending;   /* malformed, no carrier, or not from its own address */
    uint64_t dropped_receiving; /* for this guest: it had no buffer for too long, or too small a one, or is down */
};

struct net_link;

/* A guest's end. */
struct net_port {
    struct net_link *link;
    unsigned index;    /* on the link */
    const char *guest; /* its name */
    uint64_t mac;      /* of its device; first byte 47:40 */
    const struct guest_memory *memory;
    void (*wake)(void *context); /* there is something to look at; any CPU, without locks */
    void *context;
    struct lock lock;               /* of who fills buffers, and of going up and down */
    bool ready;                     /* atomic: its driver is there */
    bool cut;                       /* atomic: by order */
    bool woken;                     /* atomic: since it looked last */
    uint32_t posted, filled, taken; /* buffers, ever; the first two are atomic */
    uint32_t enough;                /* buffers posted at a time that are much room */
    uint64_t full_since;            /* atomic: host time since when it has made no such room; 0: it has */
    uint64_t waiters;               /* atomic, a bit a port: who waits for a buffer */
    uint64_t to_wake;               /* whom its own guest has to wake */
    struct net_counts counts;       /* atomic */
    struct net_buffer buffers[NET_PORT_BUFFERS];
};

struct net_link {
    const char *name;
    unsigned mtu; /* bytes of a frame without its Ethernet header and tag */
    bool filter;  /* a guest sends from its device's address alone */
    bool up;      /* atomic */
    unsigned count;
    struct net_port *ports[NET_LINK_PORTS_MAX];
    uint64_t learned[NET_LINK_LEARNED]; /* atomic, each: MAC 55:8, port + 1 7:0; 0: none */
};

/* All is made before a guest runs, and stays. name lives on. */
void net_link_init(struct net_link *link, const char *name, unsigned mtu, bool filter);
/* At most NET_LINK_PORTS_MAX. What pointers point to lives on. */
void net_port_join(struct net_port *port, struct net_link *link, const char *guest, uint64_t mac,
                   const struct guest_memory *memory, void (*wake)(void *context), void *context);

/* By order, with event "link": guest NULL means the whole link, which leaves orders for single guests as they are. Any
 * CPU, without locks. STATUS_NOT_FOUND: that guest is not on it. */
MUST_CHECK enum status net_link_set(struct net_link *link, const char *guest, bool up);
bool net_link_is_cut(const struct net_port *port);                             /* by order for this guest alone */
bool net_link_is_up(const struct net_link *link, const struct net_port *port); /* port NULL: the link itself */

/* --- by the port's own guest, with its lock held */

/* Its driver is there (with a receive queue of that many entries), or is not any more. */
void net_port_up(struct net_port *port, unsigned queue_size);
void net_port_down(struct net_port *port);

/* Is the link up, and somebody at another end? */
bool net_port_has_carrier(const struct net_port *port);

/* Looks begin with this: whoever has something from then on wakes it again. */
void net_port_look(struct net_port *port);

/* Where the next posted buffer goes; NULL: there are enough. */
struct net_buffer *net_port_place(struct net_port *port);
void net_port_post(struct net_port *port);
/* The next filled one; NULL: none. It is the guest's own again after net_port_taken(). */
const struct net_buffer *net_port_next(const struct net_port *port);
void net_port_taken(struct net_port *port);

enum net_sent {
    NET_SENT, /* or dropped, and counted */
    NET_WAITS,
};

/* Send the frame in the readable part of the chain, with its header before. spent grows by the bytes that were copied.
 * NET_WAITS: no buffer, keep it; the port is woken when there may be one, or else try after NET_PORT_PATIENCE_NS. */
enum net_sent net_port_send(struct net_port *port, struct virtqueue_chain *chain, size_t *spent);

/* After the last of some calls of the above: whoever got something is woken. */
void net_port_wake_others(struct net_port *port);

struct net_counts net_port_counts(const struct net_port *port); /* any CPU */

#endif
