/* SPDX-License-Identifier: GPL-2.0-only
 * A network between guests: ports, who gets what, link state. */
#include "guest/net_link.h"

#include "kernel/core/event.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
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

static bool is_set(const bool *flag)
{
    return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

void net_link_init(struct net_link *link, const char *name, unsigned mtu, bool filter)
{
    *link = (struct net_link){.name = name, .mtu = mtu, .filter = filter, .up = true};
}

void net_port_join(struct net_port *port, struct net_link *link, const char *guest, uint64_t mac,
                   const struct guest_memory *memory, void (*wake)(void *context), void *context)
{
    bulkhead_assert(link->count < NET_LINK_PORTS_MAX);
    memset(port, 0, sizeof(*port));
    port->link = link;
    port->index = link->count;
    port->guest = guest;
    port->mac = mac;
    port->memory = memory;
    port->wake = wake;
    port->context = context;
    link->ports[link->count++] = port;
}

/* --- link state */

static void wake(struct net_port *port)
{
    if (!__atomic_exchange_n(&port->woken, true, __ATOMIC_SEQ_CST)) {
        port->wake(port->context);
    }
}

static void wake_set(const struct net_link *link, uint64_t ports)
{
    for (unsigned i = 0; ports != 0; i++, ports >>= 1) {
        if ((ports & 1) != 0) {
            wake(link->ports[i]);
        }
    }
}

static uint64_t all_of(const struct net_link *link)
{
    return link->count == 0 ? 0 : UINT64_MAX >> (64 - link->count);
}

static uint64_t all_but(const struct net_port *port)
{
    return all_of(port->link) & ~BIT64(port->index);
}

bool net_link_is_up(const struct net_link *link, const struct net_port *port)
{
    return is_set(&link->up) && (port == NULL || !is_set(&port->cut));
}

/* Does it get frames at all? */
static bool is_reachable(const struct net_port *port)
{
    return net_link_is_up(port->link, port) && is_set(&port->ready);
}

bool net_port_has_carrier(const struct net_port *port)
{
    for (unsigned i = 0; i < port->link->count && net_link_is_up(port->link, port); i++) {
        if (i != port->index && is_reachable(port->link->ports[i])) {
            return true;
        }
    }
    return false;
}

bool net_link_is_cut(const struct net_port *port)
{
    return is_set(&port->cut);
}

static void tell(const struct net_link *link, const char *guest, bool up)
{
    struct event e;
    log_info("network: name=%s guest=%s up=%s", link->name, guest == NULL ? "all" : guest, up ? "yes" : "no");
    event_begin(&e, EVENT_INFO, "link");
    json_text(&e.json, "network", link->name);
    if (guest != NULL) {
        json_text(&e.json, "guest", guest);
    }
    json_bool(&e.json, "up", up);
    event_end(&e);
}

enum status net_link_set(struct net_link *link, const char *guest, bool up)
{
    bool found = guest == NULL;
    for (unsigned i = 0; i < link->count && guest != NULL; i++) {
        if (strcmp(link->ports[i]->guest, guest) == 0) {
            __atomic_store_n(&link->ports[i]->cut, !up, __ATOMIC_SEQ_CST);
            found = true;
        }
    }
    if (!found) {
        return STATUS_NOT_FOUND;
    }
    if (guest == NULL) {
        __atomic_store_n(&link->up, up, __ATOMIC_SEQ_CST);
    }
    wake_set(link, all_of(link));
    tell(link, guest, up);
    return STATUS_OK;
}

static uint64_t take_waiters(struct net_port *port)
{
    bool any = __atomic_load_n(&port->waiters, __ATOMIC_SEQ_CST) != 0;
    return any ? __atomic_exchange_n(&port->waiters, 0, __ATOMIC_SEQ_CST) : 0;
}

/* Nobody fills a buffer once it returned. */
static void set_ready(struct net_port *port, bool ready)
{
    uint64_t flags = lock_take(&port->lock);
    bool was = port->ready;
    __atomic_store_n(&port->ready, ready, __ATOMIC_SEQ_CST);
    port->posted = port->filled = port->taken = 0;
    port->full_since = 0;
    port->woken = false;
    lock_release(&port->lock, flags);
    wake_set(port->link, take_waiters(port) | (was != ready ? all_but(port) : 0));
}

void net_port_up(struct net_port *port, unsigned queue_size)
{
    unsigned most = queue_size < NET_PORT_BUFFERS ? queue_size : NET_PORT_BUFFERS;
    port->enough = most < 2 ? 1 : most / 2;
    set_ready(port, true);
}

void net_port_down(struct net_port *port)
{
    set_ready(port, false);
}

void net_port_look(struct net_port *port)
{
    __atomic_store_n(&port->woken, false, __ATOMIC_SEQ_CST);
}

/* --- receiving */

struct net_buffer *net_port_place(struct net_port *port)
{
    return port->posted - port->taken == NET_PORT_BUFFERS ? NULL : &port->buffers[port->posted % NET_PORT_BUFFERS];
}

void net_port_post(struct net_port *port)
{
    __atomic_store_n(&port->posted, port->posted + 1, __ATOMIC_SEQ_CST);
    if (port->posted - __atomic_load_n(&port->filled, __ATOMIC_ACQUIRE) >= port->enough) {
        __atomic_store_n(&port->full_since, 0, __ATOMIC_RELAXED);
    }
    port->to_wake |= take_waiters(port);
}

const struct net_buffer *net_port_next(const struct net_port *port)
{
    bool any = __atomic_load_n(&port->filled, __ATOMIC_ACQUIRE) != port->taken;
    return any ? &port->buffers[port->taken % NET_PORT_BUFFERS] : NULL;
}

void net_port_taken(struct net_port *port)
{
    port->taken++;
}

/* --- sending */

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
    uint64_t others = all_but(port);
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
    if (!is_reachable(to)) {
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

void net_port_wake_others(struct net_port *port)
{
    uint64_t ports = port->to_wake;
    port->to_wake = 0;
    wake_set(port->link, ports);
}

struct net_counts net_port_counts(const struct net_port *port)
{
    const struct net_counts *c = &port->counts;
    return (struct net_counts){
        .packets_sent = __atomic_load_n(&c->packets_sent, __ATOMIC_RELAXED),
        .bytes_sent = __atomic_load_n(&c->bytes_sent, __ATOMIC_RELAXED),
        .packets_received = __atomic_load_n(&c->packets_received, __ATOMIC_RELAXED),
        .bytes_received = __atomic_load_n(&c->bytes_received, __ATOMIC_RELAXED),
        .dropped_sending = __atomic_load_n(&c->dropped_sending, __ATOMIC_RELAXED),
        .dropped_receiving = __atomic_load_n(&c->dropped_receiving, __ATOMIC_RELAXED),
    };
}
