/* SPDX-License-Identifier: GPL-2.0-only
 * The virtio PCI transport (virtio 1.2, 4.1). */
#include "guest/virtio.h"

#include "drivers/pci_regs.h"
#include "guest/virtio_common.h"
#include "kernel/core/log.h"

#define VENDOR_REDHAT 0x1af4
#define DEVICE_BASE 0x1040 /* plus virtio's device id (4.1.2) */
#define REVISION 1
#define SUBSYSTEM_BASE 0x40

/* BAR 0: a page for each structure, so that drivers may map them apart. */
#define BAR_BYTES UINT64_C(0x4000)
#define COMMON_AT 0x0000u
#define ISR_AT 0x1000u
#define CONFIG_AT 0x2000u
#define NOTIFY_AT 0x3000u
#define NOTIFY_EACH 4u /* bytes of the notification registers that belong to one queue */
#define PART_BYTES 0x1000u

/* Capabilities (4.1.4). */
enum capability_type {
    CAP_COMMON = 1,
    CAP_NOTIFY = 2,
    CAP_ISR = 3,
    CAP_DEVICE = 4,
    CAP_PCI = 5,
};

enum capability_field {
    CAP_LENGTH = 2,
    CAP_TYPE = 3,
    CAP_BAR = 4,
    CAP_OFFSET = 8,
    CAP_BYTES = 12,
    CAP_EXTRA = 16, /* of CAP_NOTIFY: the multiplier; of CAP_PCI: the data */
};

#define ISR_QUEUE 1u
#define ISR_CONFIG 2u

/* --- interrupts */

static void send(struct virtio *v, uint16_t vector, uint8_t isr)
{
    if (pci_emulated_has_messages(&v->function)) {
        pci_emulated_message(&v->function, vector);
        return;
    }
    v->isr |= isr;
    pci_emulated_line(&v->function, true);
}

void virtio_config_changed(struct virtio *v)
{
    v->generation++;
    if ((v->status & VIRTIO_DRIVER_OK) != 0) {
        send(v, v->config_vector, ISR_CONFIG);
    }
}

void virtio_interrupt(struct virtio *v, unsigned queue)
{
    if (virtio_is_ready(v) && virtqueue_wants_interrupt(&v->queues[queue].ring)) {
        send(v, v->queues[queue].vector, ISR_QUEUE);
    }
}

/* --- queues */

bool virtio_is_ready(const struct virtio *v)
{
    return (v->status & VIRTIO_DRIVER_OK) != 0 && (v->status & (VIRTIO_NEEDS_RESET | VIRTIO_FAILED)) == 0;
}

/* The first few times are worth a line, and then each time that there were twice as many. */
void virtio_break(struct virtio *v, unsigned queue, const char *why)
{
    v->breaks += v->breaks != UINT32_MAX;
    if (v->breaks <= 2 || (v->breaks & (v->breaks - 1)) == 0) {
        log_warn("virtio: guest %s broke its %s: queue %u: %s; it waits for a reset (%u times so far)", v->guest,
                 v->ops->name, queue, why, v->breaks);
    }
    v->status |= VIRTIO_NEEDS_RESET;
    virtio_config_changed(v);
}

bool virtio_pop(struct virtio *v, unsigned queue, struct virtqueue_chain *chain)
{
    if (!virtio_is_ready(v)) {
        return false;
    }
    enum status status = virtqueue_pop(&v->queues[queue].ring, chain);
    if (status == STATUS_BAD_FORMAT) {
        virtio_break(v, queue, v->queues[queue].ring.why);
    }
    return status == STATUS_OK;
}

void virtio_unpop(struct virtio *v, unsigned queue)
{
    if (virtio_is_ready(v)) {
        virtqueue_unpop(&v->queues[queue].ring);
    }
}

void virtio_push(struct virtio *v, unsigned queue, const struct virtqueue_chain *chain, uint32_t written)
{
    if (virtio_is_ready(v)) {
        virtqueue_push(&v->queues[queue].ring, chain, written);
    }
}

size_t virtio_read(const struct virtio *v, struct virtqueue_chain *chain, void *to, size_t n)
{
    return virtqueue_read(v->memory, chain, to, n);
}

size_t virtio_write(const struct virtio *v, struct virtqueue_chain *chain, const void *from, size_t n)
{
    return virtqueue_write(v->memory, chain, from, n);
}

/* --- BAR 0 */

static uint64_t config_read(const struct virtio *v, uint64_t offset, unsigned width)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < width && v->ops->config_read != NULL; i++) {
        uint64_t at = offset + i;
        value |= at < v->ops->config_bytes ? (uint64_t)v->ops->config_read(v->device, (uint32_t)at) << (8 * i) : 0;
    }
    return value;
}

static void config_write(const struct virtio *v, uint64_t offset, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width && v->ops->config_write != NULL; i++) {
        uint64_t at = offset + i;
        if (at < v->ops->config_bytes) {
            v->ops->config_write(v->device, (uint32_t)at, (uint8_t)(value >> (8 * i)));
        }
    }
}

static uint8_t isr_read(struct virtio *v)
{
    uint8_t isr = v->isr;
    v->isr = 0;
    pci_emulated_line(&v->function, false);
    return isr;
}

static void notify(struct virtio *v, unsigned queue)
{
    if (queue < v->ops->queue_count && virtio_is_ready(v) && virtqueue_is_enabled(&v->queues[queue].ring)) {
        v->ops->notify(v->device, queue);
    }
}

static uint64_t bar_read(void *context, uint64_t offset, unsigned width)
{
    struct virtio *v = context;
    uint64_t at = offset % PART_BYTES;
    switch (offset - at) {
    case COMMON_AT:
        return at + width <= VIRTIO_COMMON_BYTES ? virtio_common_read(v, at) : 0;
    case ISR_AT:
        return at == 0 ? isr_read(v) : 0;
    case CONFIG_AT:
        return config_read(v, at, width);
    default:
        return 0;
    }
}

static void bar_write(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    struct virtio *v = context;
    uint64_t at = offset % PART_BYTES;
    switch (offset - at) {
    case COMMON_AT:
        virtio_common_write(v, at, width, value);
        break;
    case CONFIG_AT:
        config_write(v, at, width, value);
        break;
    case NOTIFY_AT:
        notify(v, (unsigned)(at / NOTIFY_EACH));
        break;
    default:
        break;
    }
}

/* --- config space */

static uint16_t add_capability(struct virtio *v, enum capability_type type, uint32_t at, uint32_t bytes, unsigned extra)
{
    unsigned length = CAP_EXTRA + extra;
    uint16_t cap = pci_emulated_capability(&v->function, PCI_CAP_VENDOR, length);
    struct pci_view *view = pci_emulated_config(&v->function);
    pci_view_set(view, cap + CAP_LENGTH, 1, length);
    pci_view_set(view, cap + CAP_TYPE, 1, type);
    pci_view_set(view, cap + CAP_OFFSET, 4, at);
    pci_view_set(view, cap + CAP_BYTES, 4, bytes);
    return cap;
}

static void add_capabilities(struct virtio *v)
{
    struct pci_view *view = pci_emulated_config(&v->function);
    add_capability(v, CAP_COMMON, COMMON_AT, VIRTIO_COMMON_BYTES, 0);
    add_capability(v, CAP_ISR, ISR_AT, 1, 0);
    add_capability(v, CAP_DEVICE, CONFIG_AT, v->ops->config_bytes == 0 ? 4 : v->ops->config_bytes, 0);
    uint16_t cap = add_capability(v, CAP_NOTIFY, NOTIFY_AT, NOTIFY_EACH * v->ops->queue_count, 4);
    pci_view_set(view, cap + CAP_EXTRA, 4, NOTIFY_EACH);
    v->window = add_capability(v, CAP_PCI, 0, 0, 4);
    const uint16_t writable[] = {CAP_BAR, CAP_OFFSET, CAP_BYTES, CAP_EXTRA};
    for (size_t i = 0; i < ARRAY_LENGTH(writable); i++) {
        unsigned bytes = writable[i] == CAP_BAR ? 1 : 4;
        for (unsigned k = 0; k < bytes; k++) {
            view->writable[v->window + writable[i] + k] = 0xff;
        }
    }
}

/* Registers by config space (4.1.4.9): an access to the data field of the capability is one to BAR 0, at the offset
 * and of the length that the driver wrote beside it. False: that names none. */
static bool window_of(const struct virtio *v, uint16_t offset, unsigned width, uint32_t *at, uint32_t *length)
{
    const struct pci_view *view = &v->function.view;
    uint16_t data = (uint16_t)(v->window + CAP_EXTRA);
    *at = pci_view_get(view, v->window + CAP_OFFSET, 4);
    *length = pci_view_get(view, v->window + CAP_BYTES, 4);
    bool touches = offset < data + 4 && offset + width > data;
    return touches && pci_view_get(view, v->window + CAP_BAR, 1) == 0 &&
           (*length == 1 || *length == 2 || *length == 4) && is_aligned(*at, *length) && *at <= BAR_BYTES - *length;
}

static void config_reads(void *context, uint16_t offset, unsigned width)
{
    struct virtio *v = context;
    uint32_t at = 0, length = 0;
    if (window_of(v, offset, width, &at, &length)) {
        pci_view_set(&v->function.view, v->window + CAP_EXTRA, length, (uint32_t)bar_read(v, at, length));
    }
}

static void config_written(void *context, uint16_t offset, unsigned width)
{
    struct virtio *v = context;
    uint32_t at = 0, length = 0;
    if (window_of(v, offset, width, &at, &length)) {
        bar_write(v, at, length, pci_view_get(&v->function.view, v->window + CAP_EXTRA, length));
    }
}

/* --- life */

static void function_reset(void *context)
{
    virtio_common_reset(context);
}

static uint64_t deadline(const void *context)
{
    const struct virtio *v = context;
    return v->ops->deadline == NULL ? UINT64_MAX : v->ops->deadline(v->device);
}

static void advance(void *context, uint64_t now_ns)
{
    const struct virtio *v = context;
    if (v->ops->advance != NULL) {
        v->ops->advance(v->device, now_ns);
    }
}

static struct pci_emulated_ops pci_ops_of(const struct virtio_ops *ops)
{
    return (struct pci_emulated_ops){
        .vendor = VENDOR_REDHAT,
        .device = DEVICE_BASE + ops->device_id,
        .subsystem_vendor = VENDOR_REDHAT,
        .subsystem = SUBSYSTEM_BASE + ops->device_id,
        .class_code = ops->class_code,
        .revision = REVISION,
        .bar_bytes = BAR_BYTES,
        .vectors = ops->vectors,
        .line = true,
        .read = bar_read,
        .write = bar_write,
        .config_reads = config_reads,
        .config_written = config_written,
        .reset = function_reset,
        .deadline = deadline,
        .advance = advance,
    };
}

enum status virtio_init(struct virtio *v, const struct virtio_ops *ops, void *context, struct virtio_queue *queues,
                        unsigned device, const struct message_router *router, const struct guest_memory *memory,
                        const char *guest)
{
    *v = (struct virtio){
        .ops = ops, .device = context, .memory = memory, .guest = guest, .queues = queues, .pci = pci_ops_of(ops)};
    enum status status = pci_emulated_init(&v->function, &v->pci, v, device, router);
    if (status == STATUS_OK) {
        add_capabilities(v);
        virtio_common_reset(v);
    }
    return status;
}

void virtio_free(struct virtio *v)
{
    pci_emulated_free(&v->function);
}
