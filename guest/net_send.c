/* SPDX-License-Identifier: GPL-2.0-only
 * A frame on a network: what is let through, who gets it, and whether its sender waits. */
#include "guest/net_port.h"

#include "kernel/core/time.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define MAC_BYTES 6u
#define MAC_MULTICAST BIT64(40) /* IEEE 802 8.2: broadcast has it too */
#define FLAG_NEEDS_CHECKSUM 1u  /* of the header's flags: an offload, none of which is offered */
#define NOT_FOUND NET_LINK_PORTS_MAX

/* A frame on its way. head is a private copy: what was looked at is what arrives. */
struct frame {
    uint8_t head[NET_HEADER_BYTES + NET_ETHERNET_BYTES];
    uint64_t to, from;
    uint32_t bytes; /* Ethernet header included, virtio's not */
    struct virtqueue_chain *chain;
};

static void count(uint64_t *counter, uint64_t by)
{
    __atomic_fetch_add(counter, by, __ATOMIC_RELAXED);
}

static uint64_t mac_at(const uint8_t *bytes)
{
    uint64_t mac = 0;
    for (unsigned i = 0; i < MAC_BYTES; i++) {
        mac = mac << 8 | bytes[i];
    }
    return mac;
}

/* False: it is no frame that this link carries. What the guest asked for in its header is looked at, and not passed
 * on. */
static bool read_frame(const struct net_port *port, struct virtqueue_chain *chain, struct frame *f)
{
    memset(f, 0, sizeof(*f));
    f->chain = chain;
    if (chain->readable < sizeof(f->head) ||
        chain->readable > NET_HEADER_BYTES + NET_ETHERNET_BYTES + NET_VLAN_BYTES + (uint64_t)port->link->mtu ||
        virtqueue_read(port->memory, chain, f->head, sizeof(f->head)) != sizeof(f->head)) {
        return false;
    }
    f->bytes = (uint32_t)chain->readable - NET_HEADER_BYTES;
    f->to = mac_at(f->head + NET_HEADER_BYTES);
    f->from = mac_at(f->head + NET_HEADER_BYTES + MAC_BYTES);
    bool plain = (f->head[0] & FLAG_NEEDS_CHECKSUM) == 0 && f->head[1] == 0;
    memset(f->head, 0, NET_HEADER_BYTES);
    f->head[10] = 1; /* num_buffers, little-endian (5.1.6.4.1) */
    return plain && (f->from & MAC_MULTICAST) == 0 && (!port->link->filter || f->from == port->mac);
}

static unsigned device_of(const struct net_link *link, uint64_t mac)
{
    for (unsigned i = 0; i < link->count; i++) {
        if (link->ports[i]->mac == mac) {
            return i;
        }
    }
    return NOT_FOUND;
}

static uint64_t *learned_place(struct net_link *link, uint64_t mac)
{
    return &link->learned[(mac ^ mac >> 8 ^ mac >> 16 ^ mac >> 24) % NET_LINK_LEARNED];
}

/* Devices' own addresses are known, and nobody can take one over. */
static void learn(const struct net_port *port, uint64_t mac)
{
    if (mac != port->mac && device_of(port->link, mac) == NOT_FOUND) {
        __atomic_store_n(learned_place(port->link, mac), mac << 8 | (port->index + 1), __ATOMIC_RELAXED);
    }
}

/* The ports that a frame is for. */
static uint64_t targets_of(const struct net_port *port, const struct frame *f)
{
    struct net_link *link = port->link;
    uint64_t others = net_port_others(port);
    if ((f->to & MAC_MULTICAST) != 0) {
        return others;
    }
    unsigned device = device_of(link, f->to);
    if (device != NOT_FOUND) {
        return BIT64(device) & others;
    }
    uint64_t known = __atomic_load_n(learned_place(link, f->to), __ATOMIC_RELAXED);
    return known >> 8 == f->to && known != 0 ? BIT64((known & 0xff) - 1) & others : others;
}

enum delivery {
    DELIVERED,
    REFUSED, /* counted */
    NO_BUFFER,
};

static void fill(struct net_port *to, const struct net_port *from, struct frame *f)
{
    struct net_buffer *buffer = &to->buffers[to->filled % NET_PORT_BUFFERS];
    uint64_t position = f->chain->bytes_read;
    virtqueue_write(to->memory, &buffer->chain, f->head, sizeof(f->head));
    virtqueue_copy(from->memory, f->chain, to->memory, &buffer->chain, f->bytes - NET_ETHERNET_BYTES);
    f->chain->bytes_read = position; /* for the next one that gets it */
    buffer->written = (uint32_t)buffer->chain.bytes_written;
    __atomic_store_n(&to->filled, to->filled + 1, __ATOMIC_RELEASE);
}

/* With to's lock. Buffers between filled and posted are ours now. */
static enum delivery deliver_locked(struct net_port *to, const struct net_port *from, struct frame *f)
{
    if (!net_port_is_reachable(to)) {
        return REFUSED;
    }
    if (__atomic_load_n(&to->posted, __ATOMIC_ACQUIRE) == to->filled) {
        return NO_BUFFER;
    }
    if (to->buffers[to->filled % NET_PORT_BUFFERS].chain.writable < NET_HEADER_BYTES + f->bytes) {
        return REFUSED; /* that buffer stays for a smaller one */
    }
    fill(to, from, f);
    return DELIVERED;
}

static enum delivery deliver(struct net_port *to, struct net_port *from, struct frame *f)
{
    uint64_t flags = lock_take(&to->lock);
    enum delivery d = deliver_locked(to, from, f);
    lock_release(&to->lock, flags);
    if (d == DELIVERED) {
        count(&to->counts.packets_received, 1);
        count(&to->counts.bytes_received, f->bytes);
        from->to_wake |= BIT64(to->index);
    } else if (d == REFUSED) {
        count(&to->counts.dropped_receiving, 1);
    }
    return d;
}

/* True: a buffer is likely to come, or came meanwhile. */
static bool may_wait(struct net_port *to, const struct net_port *from)
{
    uint64_t now = time_now_ns(), none = 0;
    __atomic_compare_exchange_n(&to->full_since, &none, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    if (none != 0 && now - none >= NET_PORT_PATIENCE_NS) {
        return false;
    }
    __atomic_fetch_or(&to->waiters, BIT64(from->index), __ATOMIC_SEQ_CST);
    return true;
}

/* For one port. Its buffers are looked at once more after it was told that we wait: it then wakes us, or we saw it. */
static enum delivery deliver_or_wait(struct net_port *to, struct net_port *from, struct frame *f)
{
    enum delivery d = deliver(to, from, f);
    if (d == NO_BUFFER && may_wait(to, from)) {
        return deliver(to, from, f);
    }
    if (d == NO_BUFFER) {
        count(&to->counts.dropped_receiving, 1);
        return REFUSED;
    }
    return d;
}

/* For all of them; those without a buffer do without it. */
static enum delivery deliver_all(struct net_port *from, uint64_t targets, struct frame *f, size_t *spent)
{
    enum delivery all = REFUSED;
    for (unsigned i = 0; i < from->link->count; i++) {
        struct net_port *to = from->link->ports[i];
        if ((targets >> i & 1) == 0) {
            continue;
        }
        enum delivery d = deliver(to, from, f);
        if (d == DELIVERED) {
            *spent += f->bytes;
            all = DELIVERED;
        } else if (d == NO_BUFFER) {
            count(&to->counts.dropped_receiving, 1);
        }
    }
    return all;
}

static unsigned lowest(uint64_t targets)
{
    return (unsigned)__builtin_ctzll(targets);
}

enum net_sent net_port_send(struct net_port *port, struct virtqueue_chain *chain, size_t *spent)
{
    struct frame f;
    if (!read_frame(port, chain, &f) || !net_port_has_carrier(port)) {
        count(&port->counts.dropped_sending, 1);
        return NET_SENT;
    }
    learn(port, f.from);
    uint64_t targets = targets_of(port, &f);
    enum delivery d = REFUSED;
    if (targets != 0 && (targets & (targets - 1)) == 0) {
        d = deliver_or_wait(port->link->ports[lowest(targets)], port, &f);
        *spent += d == DELIVERED ? f.bytes : 0;
    } else {
        d = deliver_all(port, targets, &f, spent);
    }
    if (d == DELIVERED) {
        count(&port->counts.packets_sent, 1);
        count(&port->counts.bytes_sent, f.bytes);
    }
    return d == NO_BUFFER ? NET_WAITS : NET_SENT;
}
