/* SPDX-License-Identifier: GPL-2.0-only
 * A network between guests: its ports, and their link state. */
#include "guest/net_link.h"

#include "guest/net_port.h"
#include "kernel/core/event.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

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

uint64_t net_port_others(const struct net_port *port)
{
    return all_of(port->link) & ~BIT64(port->index);
}

bool net_link_is_up(const struct net_link *link, const struct net_port *port)
{
    return is_set(&link->up) && (port == NULL || !is_set(&port->cut));
}

bool net_port_is_reachable(const struct net_port *port)
{
    return net_link_is_up(port->link, port) && is_set(&port->ready);
}

bool net_port_has_carrier(const struct net_port *port)
{
    for (unsigned i = 0; i < port->link->count && net_link_is_up(port->link, port); i++) {
        if (i != port->index && net_port_is_reachable(port->link->ports[i])) {
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
    wake_set(port->link, take_waiters(port) | (was != ready ? net_port_others(port) : 0));
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
