/* SPDX-License-Identifier: GPL-2.0-only
 * The virtio network device (virtio 1.2, 5.1). */
#include "guest/virtio_net.h"

#include "kernel/core/time.h"
#include "kernel/lib/string.h"

#define DEVICE_NET 1
#define CLASS_ETHERNET 0x020000u
#define F_MTU BIT64(3)
#define F_MAC BIT64(5)
#define F_STATUS BIT64(16)
#define STATUS_LINK_UP 1u
#define QUEUE_SIZE VIRTQUEUE_SIZE_MAX
#define VECTORS 3u /* one a queue, one for the configuration */

/* One turn's work, so that no guest keeps a host's CPU for long: bytes, each frame counting for some. */
#define TURN_BYTES ((size_t)64 * KIB)
#define FRAME_COST 512u

enum queue_index {
    QUEUE_RECEIVE = 0,
    QUEUE_TRANSMIT = 1,
};

/* struct virtio_net_config (5.1.4). */
enum config_offset {
    AT_MAC = 0,
    AT_STATUS = 6,
    AT_PAIRS = 8,
    AT_MTU = 10,
    CONFIG_BYTES = 12,
};

/* --- receiving */

static void take_filled(struct virtio_net *net)
{
    const struct net_buffer *buffer;
    bool done = false;
    while ((buffer = net_port_next(&net->port)) != NULL) {
        virtio_push(&net->virtio, QUEUE_RECEIVE, &buffer->chain, buffer->written);
        net_port_taken(&net->port);
        done = true;
    }
    if (done) {
        virtio_interrupt(&net->virtio, QUEUE_RECEIVE);
    }
}

static void post_empty(struct virtio_net *net)
{
    struct net_buffer *buffer;
    while ((buffer = net_port_place(&net->port)) != NULL && virtio_pop(&net->virtio, QUEUE_RECEIVE, &buffer->chain)) {
        net_port_post(&net->port);
    }
}

/* --- sending */

static void send(struct virtio_net *net)
{
    struct virtqueue_chain chain;
    size_t spent = 0;
    bool done = false, waits = false;
    while (!waits && spent < TURN_BYTES && virtio_pop(&net->virtio, QUEUE_TRANSMIT, &chain)) {
        spent += FRAME_COST;
        waits = net_port_send(&net->port, &chain, &spent) == NET_WAITS;
        if (waits) {
            virtio_unpop(&net->virtio, QUEUE_TRANSMIT);
        } else {
            virtio_push(&net->virtio, QUEUE_TRANSMIT, &chain, 0);
            done = true;
        }
    }
    net->again = !waits && spent >= TURN_BYTES;
    net->retry_ns = waits && !done ? net->retry_ns : 0;
    net->waits = waits;
    if (done) {
        virtio_interrupt(&net->virtio, QUEUE_TRANSMIT);
    }
}

/* --- virtio */

static void follow_link(struct virtio_net *net)
{
    bool carrier = net_port_has_carrier(&net->port);
    if (carrier != net->carrier) {
        net->carrier = carrier;
        virtio_config_changed(&net->virtio);
    }
}

/* A guest that broke its queues has no more use for frames. */
static void serve(struct virtio_net *net, bool receive, bool transmit)
{
    if (receive) {
        take_filled(net);
        post_empty(net);
    }
    if (transmit) {
        send(net);
    }
    if (!virtio_is_ready(&net->virtio)) {
        net_port_down(&net->port);
        net->again = net->waits = false;
    }
    net_port_wake_others(&net->port);
}

static void notify(void *device, unsigned queue)
{
    serve(device, queue == QUEUE_RECEIVE, queue == QUEUE_TRANSMIT);
}

static void advance(void *device, uint64_t now_ns)
{
    struct virtio_net *net = device;
    if (!virtio_is_ready(&net->virtio)) {
        return;
    }
    net_port_look(&net->port);
    follow_link(net);
    bool goes_on = !net->again || net->again_ns <= now_ns;
    uint64_t from_ns = time_now_ns();
    serve(net, true, goes_on);
    if (goes_on) {
        net->again_ns = pci_emulated_again(now_ns, time_now_ns() - from_ns);
    }
    if (net->waits && net->retry_ns <= now_ns) {
        net->retry_ns = now_ns + NET_PORT_PATIENCE_NS;
    }
}

static uint64_t deadline(const void *device)
{
    const struct virtio_net *net = device;
    return net->again ? net->again_ns : net->waits ? net->retry_ns : UINT64_MAX;
}

static void reset(void *device)
{
    struct virtio_net *net = device;
    net_port_down(&net->port);
    net->again = net->waits = false;
    net->again_ns = net->retry_ns = 0;
}

static void ready(void *device)
{
    struct virtio_net *net = device;
    net->carrier = net_port_has_carrier(&net->port);
    net_port_up(&net->port, net->queues[QUEUE_RECEIVE].size);
    post_empty(net);
    net_port_wake_others(&net->port);
}

static uint8_t config_read(void *device, uint32_t offset)
{
    const struct virtio_net *net = device;
    const uint8_t bytes[CONFIG_BYTES] = {
        [AT_MAC] = (uint8_t)(net->port.mac >> 40),       [AT_MAC + 1] = (uint8_t)(net->port.mac >> 32),
        [AT_MAC + 2] = (uint8_t)(net->port.mac >> 24),   [AT_MAC + 3] = (uint8_t)(net->port.mac >> 16),
        [AT_MAC + 4] = (uint8_t)(net->port.mac >> 8),    [AT_MAC + 5] = (uint8_t)net->port.mac,
        [AT_STATUS] = net->carrier ? STATUS_LINK_UP : 0, [AT_PAIRS] = 1,
        [AT_MTU] = (uint8_t)net->port.link->mtu,         [AT_MTU + 1] = (uint8_t)(net->port.link->mtu >> 8),
    };
    return offset < CONFIG_BYTES ? bytes[offset] : 0;
}

static struct virtio_ops net_ops(void)
{
    return (struct virtio_ops){
        .name = "network",
        .device_id = DEVICE_NET,
        .class_code = CLASS_ETHERNET,
        .features = F_MTU | F_MAC | F_STATUS,
        .queue_count = VIRTIO_NET_QUEUES,
        .queue_size_max = QUEUE_SIZE,
        .vectors = VECTORS,
        .config_bytes = CONFIG_BYTES,
        .reset = reset,
        .ready = ready,
        .notify = notify,
        .config_read = config_read,
        .deadline = deadline,
        .advance = advance,
    };
}

enum status virtio_net_init(struct virtio_net *net, const struct virtio_net_place *place)
{
    memset(net, 0, sizeof(*net));
    net->ops = net_ops();
    net_port_join(&net->port, place->link, place->guest, place->mac, place->memory, place->wake, place->context);
    return virtio_init(&net->virtio, &net->ops, net, net->queues, place->device, place->router, place->memory,
                       place->guest);
}

void virtio_net_free(struct virtio_net *net)
{
    virtio_free(&net->virtio);
}
