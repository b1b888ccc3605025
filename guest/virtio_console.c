/* SPDX-License-Identifier: GPL-2.0-only
 * The virtio console (virtio 1.2, 5.3). */
#include "guest/virtio_console.h"

#include "kernel/core/panic.h"
#include "kernel/core/time.h"
#include "kernel/lib/string.h"

#define DEVICE_CONSOLE 3
#define CLASS_COMMUNICATION 0x078000u
#define F_MULTIPORT BIT64(1)
#define CONFIG_PORTS 4u
#define CONFIG_BYTES 8u
#define QUEUE_SIZE 64u

/* One turn's work, so that no guest keeps a host's CPU for long: bytes a queue, each request counting for some. */
#define TURN_BYTES 512u
#define REQUEST_COST 16u
#define LINE_COST 32u   /* a line on the physical console has the guest's name before it */
#define CHUNK_BYTES 32u /* given at a time */

enum control_queue {
    QUEUE_CONTROL_TO_GUEST = 2,
    QUEUE_CONTROL_FROM_GUEST = 3,
};

/* Control messages (5.3.6.2): id 31:0, event 47:32, value 63:48. */
#define MESSAGE_BYTES 8u

enum event {
    EVENT_DEVICE_READY = 0,
    EVENT_PORT_ADD = 1,
    EVENT_PORT_READY = 3,
    EVENT_CONSOLE_PORT = 4,
    EVENT_PORT_OPEN = 6,
    EVENT_PORT_NAME = 7,
};

/* What the guest has to be told of a port, in this order. */
enum tell {
    TELL_ADD = 1,
    TELL_CONSOLE = 2,
    TELL_NAME = 4,
    TELL_OPEN = 8,
};

static unsigned to_guest(unsigned port)
{
    return port == 0 ? 0 : 2 * port + 2;
}

static unsigned from_guest(unsigned port)
{
    return to_guest(port) + 1;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

bool virtio_console_is_open(const struct virtio_console *c, unsigned index)
{
    return index < c->port_count && c->states[index].open;
}

static void set_open(struct virtio_console *c, unsigned port, bool open)
{
    bool was = c->states[port].open;
    c->states[port].open = open;
    if (was != open && c->ports[port].opened != NULL) {
        c->ports[port].opened(c->ports[port].context, open);
    }
}

/* --- bytes from the guest */

static size_t cost_of(const uint8_t *bytes, size_t count)
{
    size_t cost = count;
    for (size_t i = 0; i < count; i++) {
        cost += bytes[i] == '\n' ? LINE_COST : 0;
    }
    return cost;
}

/* Give what is left of the request, within the budget. True: all of it is taken. */
static bool give_request(struct virtio_console *c, unsigned port, struct virtqueue_chain *chain, size_t *budget)
{
    const struct virtio_console_port *p = &c->ports[port];
    struct virtio_console_state *s = &c->states[port];
    uint8_t bytes[CHUNK_BYTES];
    virtqueue_skip(chain, s->given);
    while (chain->bytes_read < chain->readable && *budget != 0) {
        size_t n = virtio_read(&c->virtio, chain, bytes, smaller(*budget, sizeof(bytes)));
        size_t taken = p->give == NULL ? n : p->give(p->context, bytes, n);
        s->given += taken;
        *budget -= smaller(*budget, cost_of(bytes, n));
        if (taken < n) {
            s->full = true;
            return false;
        }
    }
    return chain->bytes_read == chain->readable;
}

static void serve_from_guest(struct virtio_console *c, unsigned port)
{
    struct virtqueue_chain chain;
    struct virtio_console_state *s = &c->states[port];
    size_t budget = TURN_BYTES;
    bool done = false;
    while (!s->full && budget != 0 && virtio_pop(&c->virtio, from_guest(port), &chain)) {
        budget -= smaller(budget, REQUEST_COST);
        if (!give_request(c, port, &chain, &budget)) {
            virtio_unpop(&c->virtio, from_guest(port));
            break;
        }
        s->given = 0;
        virtio_push(&c->virtio, from_guest(port), &chain, 0);
        done = true;
    }
    c->again = c->again || budget == 0;
    if (done) {
        virtio_interrupt(&c->virtio, from_guest(port));
    }
}

/* --- bytes for the guest */

/* Fill the request, within the budget. Returns how many there were. */
static uint32_t fill_request(struct virtio_console *c, unsigned port, struct virtqueue_chain *chain, size_t *budget)
{
    const struct virtio_console_port *p = &c->ports[port];
    uint8_t bytes[TURN_BYTES];
    while (chain->bytes_written < chain->writable && *budget != 0) {
        uint64_t left = chain->writable - chain->bytes_written;
        size_t n = p->take(p->context, bytes, smaller(smaller(*budget, sizeof(bytes)), left));
        if (n == 0) {
            break;
        }
        *budget -= virtio_write(&c->virtio, chain, bytes, n);
    }
    return (uint32_t)chain->bytes_written;
}

static void serve_to_guest(struct virtio_console *c, unsigned port)
{
    struct virtqueue_chain chain;
    size_t budget = TURN_BYTES;
    bool done = false;
    if (c->ports[port].take == NULL || !c->states[port].open) {
        return;
    }
    while (budget != 0 && virtio_pop(&c->virtio, to_guest(port), &chain)) {
        uint32_t filled = fill_request(c, port, &chain, &budget);
        if (filled == 0 && chain.writable != 0) {
            virtio_unpop(&c->virtio, to_guest(port));
            break;
        }
        budget -= smaller(budget, REQUEST_COST);
        virtio_push(&c->virtio, to_guest(port), &chain, filled);
        done = true;
    }
    c->again = c->again || budget == 0;
    if (done) {
        virtio_interrupt(&c->virtio, to_guest(port));
    }
}

/* --- control messages */

static void send_message(struct virtio_console *c, unsigned port, enum event event, struct virtqueue_chain *chain)
{
    const char *name = event == EVENT_PORT_NAME ? c->ports[port].name : "";
    uint64_t message = bits_make(port, 31, 0) | bits_make(event, 47, 32) | bits_make(1, 63, 48);
    size_t written = virtio_write(&c->virtio, chain, &message, MESSAGE_BYTES);
    written += virtio_write(&c->virtio, chain, name, strlen(name));
    virtio_push(&c->virtio, QUEUE_CONTROL_TO_GUEST, chain, (uint32_t)written);
}

static enum event event_of(uint8_t tell)
{
    return (tell & TELL_ADD) != 0       ? EVENT_PORT_ADD
           : (tell & TELL_CONSOLE) != 0 ? EVENT_CONSOLE_PORT
           : (tell & TELL_NAME) != 0    ? EVENT_PORT_NAME
                                        : EVENT_PORT_OPEN;
}

/* At most four messages a port wait, whatever the guest asks. */
static void tell_guest(struct virtio_console *c)
{
    struct virtqueue_chain chain;
    bool done = false;
    for (unsigned i = 0; i < c->port_count; i++) {
        struct virtio_console_state *s = &c->states[i];
        while (s->tell != 0 && virtio_pop(&c->virtio, QUEUE_CONTROL_TO_GUEST, &chain)) {
            send_message(c, i, event_of(s->tell), &chain);
            s->tell &= (uint8_t)(s->tell - 1); /* its lowest bit was said */
            done = true;
        }
    }
    if (done) {
        virtio_interrupt(&c->virtio, QUEUE_CONTROL_TO_GUEST);
    }
}

static void hear_message(struct virtio_console *c, uint64_t message)
{
    uint64_t port = bits_get(message, 31, 0);
    bool value = bits_get(message, 63, 48) != 0;
    uint64_t event = bits_get(message, 47, 32);
    if (event == EVENT_DEVICE_READY && value) {
        for (unsigned i = 0; i < c->port_count; i++) {
            c->states[i].tell |= TELL_ADD;
        }
    } else if (port >= c->port_count) {
        return;
    } else if (event == EVENT_PORT_READY && value) {
        c->states[port].tell |= TELL_OPEN | (port == 0 ? TELL_CONSOLE : 0) | (c->ports[port].name ? TELL_NAME : 0);
    } else if (event == EVENT_PORT_OPEN) {
        set_open(c, (unsigned)port, value);
    }
}

static void hear_guest(struct virtio_console *c)
{
    struct virtqueue_chain chain;
    size_t budget = TURN_BYTES;
    bool done = false;
    while (budget != 0 && virtio_pop(&c->virtio, QUEUE_CONTROL_FROM_GUEST, &chain)) {
        uint64_t message = 0;
        budget -= smaller(budget, REQUEST_COST);
        if (virtio_read(&c->virtio, &chain, &message, MESSAGE_BYTES) == MESSAGE_BYTES) {
            hear_message(c, message);
        }
        virtio_push(&c->virtio, QUEUE_CONTROL_FROM_GUEST, &chain, 0);
        done = true;
    }
    c->again = c->again || budget == 0;
    if (done) {
        virtio_interrupt(&c->virtio, QUEUE_CONTROL_FROM_GUEST);
    }
}

/* --- virtio */

static void serve(struct virtio_console *c)
{
    c->again = false;
    hear_guest(c);
    tell_guest(c);
    for (unsigned i = 0; i < c->port_count; i++) {
        serve_from_guest(c, i);
        serve_to_guest(c, i);
    }
    c->again = c->again && virtio_is_ready(&c->virtio);
}

static void notify(void *device, unsigned queue)
{
    struct virtio_console *c = device;
    unsigned port = queue < 2 ? 0 : queue / 2 - 1;
    if (queue == QUEUE_CONTROL_FROM_GUEST || queue == QUEUE_CONTROL_TO_GUEST) {
        serve(c);
    } else if (queue == from_guest(port)) {
        serve_from_guest(c, port);
    } else {
        serve_to_guest(c, port);
    }
}

static void advance(void *device, uint64_t now_ns)
{
    struct virtio_console *c = device;
    if (c->again && now_ns < c->again_ns) {
        return;
    }
    for (unsigned i = 0; i < c->port_count; i++) {
        c->states[i].full = false; /* whoever had no room may have some now */
    }
    uint64_t from_ns = time_now_ns();
    serve(c);
    c->again_ns = pci_emulated_again(now_ns, time_now_ns() - from_ns);
}

static uint64_t deadline(const void *device)
{
    const struct virtio_console *c = device;
    return c->again ? c->again_ns : UINT64_MAX;
}

static void reset(void *device)
{
    struct virtio_console *c = device;
    for (unsigned i = 0; i < c->port_count; i++) {
        set_open(c, i, false);
        c->states[i] = (struct virtio_console_state){0};
    }
    c->again = false;
    c->again_ns = 0;
}

/* A driver that knows nothing of ports has one, open for good (5.3.6). */
static void ready(void *device)
{
    struct virtio_console *c = device;
    if ((c->virtio.features & F_MULTIPORT) == 0) {
        set_open(c, 0, true);
    }
}

static uint8_t config_read(void *device, uint32_t offset)
{
    const struct virtio_console *c = device;
    return offset == CONFIG_PORTS ? (uint8_t)c->port_count : 0;
}

static struct virtio_ops ops_of(unsigned ports)
{
    unsigned queues = VIRTIO_CONSOLE_QUEUES(ports);
    return (struct virtio_ops){
        .name = "console",
        .device_id = DEVICE_CONSOLE,
        .class_code = CLASS_COMMUNICATION,
        .features = F_MULTIPORT,
        .queue_count = queues,
        .queue_size_max = QUEUE_SIZE,
        .vectors = (unsigned)smaller(queues + 1, PCI_EMULATED_VECTORS_MAX),
        .config_bytes = CONFIG_BYTES,
        .reset = reset,
        .ready = ready,
        .notify = notify,
        .config_read = config_read,
        .deadline = deadline,
        .advance = advance,
    };
}

enum status virtio_console_init(struct virtio_console *c, const struct virtio_console_port *ports, unsigned count,
                                const struct message_router *router, const struct guest_memory *memory,
                                const char *guest)
{
    bulkhead_assert(count >= 1 && count <= VIRTIO_CONSOLE_PORTS_MAX);
    memset(c, 0, sizeof(*c));
    for (unsigned i = 0; i < count; i++) {
        c->ports[i] = ports[i];
    }
    c->port_count = count;
    c->ops = ops_of(count);
    return virtio_init(&c->virtio, &c->ops, c, c->queues, PCI_EMULATED_CONSOLE, router, memory, guest);
}

void virtio_console_free(struct virtio_console *c)
{
    virtio_free(&c->virtio);
}
