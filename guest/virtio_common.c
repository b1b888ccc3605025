/* SPDX-License-Identifier: GPL-2.0-only
 * Negotiation and queues as a driver sets them up. */
#include "guest/virtio_common.h"

enum common_register {
    COMMON_FEATURE_SELECT = 0x00,
    COMMON_FEATURE = 0x04,
    COMMON_DRIVER_SELECT = 0x08,
    COMMON_DRIVER_FEATURE = 0x0c,
    COMMON_CONFIG_VECTOR = 0x10,
    COMMON_QUEUES = 0x12,
    COMMON_STATUS = 0x14,
    COMMON_GENERATION = 0x15,
    COMMON_QUEUE_SELECT = 0x16,
    COMMON_QUEUE_SIZE = 0x18,
    COMMON_QUEUE_VECTOR = 0x1a,
    COMMON_QUEUE_ENABLE = 0x1c,
    COMMON_QUEUE_NOTIFY = 0x1e,
    COMMON_QUEUE_DESCRIPTORS = 0x20,
    COMMON_QUEUE_AVAILABLE = 0x28,
    COMMON_QUEUE_USED = 0x30,
};

static void reset_queue(const struct virtio *v, struct virtio_queue *q)
{
    *q = (struct virtio_queue){.size = v->ops->queue_size_max, .vector = PCI_EMULATED_NO_VECTOR};
}

void virtio_common_reset(struct virtio *v)
{
    for (unsigned i = 0; i < v->ops->queue_count; i++) {
        reset_queue(v, &v->queues[i]);
    }
    v->features = 0;
    v->feature_select = v->driver_feature_select = 0;
    v->queue_select = 0;
    v->config_vector = PCI_EMULATED_NO_VECTOR;
    v->status = 0;
    v->isr = 0;
    pci_emulated_line(&v->function, false);
    if (v->ops->reset != NULL) {
        v->ops->reset(v->device);
    }
}

static uint64_t offered(const struct virtio *v)
{
    return v->ops->features | VIRTIO_F_VERSION_1;
}

/* The selected queue, or NULL. */
static struct virtio_queue *selected(const struct virtio *v)
{
    return v->queue_select < v->ops->queue_count ? &v->queues[v->queue_select] : NULL;
}

static uint32_t half(uint64_t value, uint32_t select)
{
    return select > 1 ? 0 : (uint32_t)(value >> (32 * select));
}

static uint64_t queue_read(const struct virtio *v, uint64_t offset)
{
    const struct virtio_queue *q = selected(v);
    if (q == NULL) {
        return 0; /* size 0: there is no such queue */
    }
    switch (offset) {
    case COMMON_QUEUE_SIZE:
        return q->size;
    case COMMON_QUEUE_VECTOR:
        return q->vector;
    case COMMON_QUEUE_ENABLE:
        return q->enabled;
    case COMMON_QUEUE_NOTIFY:
        return v->queue_select;
    case COMMON_QUEUE_DESCRIPTORS:
        return q->descriptors;
    case COMMON_QUEUE_AVAILABLE:
        return q->available;
    case COMMON_QUEUE_USED:
        return q->used;
    default:
        return 0;
    }
}

static uint64_t common_register(const struct virtio *v, uint64_t offset)
{
    switch (offset) {
    case COMMON_FEATURE_SELECT:
        return v->feature_select;
    case COMMON_FEATURE:
        return half(offered(v), v->feature_select);
    case COMMON_DRIVER_SELECT:
        return v->driver_feature_select;
    case COMMON_DRIVER_FEATURE:
        return half(v->features, v->driver_feature_select);
    case COMMON_CONFIG_VECTOR:
        return v->config_vector;
    case COMMON_QUEUES:
        return v->ops->queue_count;
    case COMMON_STATUS:
        return v->status;
    case COMMON_GENERATION:
        return v->generation;
    case COMMON_QUEUE_SELECT:
        return v->queue_select;
    default:
        return queue_read(v, offset);
    }
}

/* Drivers use a register's own width, and halves for the 64-bit ones (4.1.3.1). */
uint64_t virtio_common_read(const struct virtio *v, uint64_t offset)
{
    bool upper = offset >= COMMON_QUEUE_DESCRIPTORS && (offset & 4) != 0;
    return upper ? common_register(v, offset - 4) >> 32 : common_register(v, offset);
}

/* A vector that is not there reads back as none: the driver then knows (4.1.4.3.1). */
static uint16_t vector_of(const struct virtio *v, uint64_t value)
{
    return value < v->ops->vectors ? (uint16_t)value : PCI_EMULATED_NO_VECTOR;
}

static void enable_queue(struct virtio *v, struct virtio_queue *q)
{
    enum status status = virtqueue_enable(&q->ring, v->memory, q->size, q->descriptors, q->available, q->used);
    q->enabled = true;
    if (status != STATUS_OK) {
        virtio_break(v, v->queue_select, "its rings are not all in RAM and aligned, or its size is wrong");
    }
}

static void put_address(uint64_t *address, uint64_t offset, unsigned width, uint64_t value)
{
    if (width == 8) {
        *address = value;
    } else if (width == 4) {
        *address = (offset & 4) != 0 ? bits_set(*address, 63, 32, value) : bits_set(*address, 31, 0, value);
    }
}

static void address_write(struct virtio_queue *q, uint64_t offset, unsigned width, uint64_t value)
{
    switch (offset & ~UINT64_C(4)) {
    case COMMON_QUEUE_DESCRIPTORS:
        put_address(&q->descriptors, offset, width, value);
        break;
    case COMMON_QUEUE_AVAILABLE:
        put_address(&q->available, offset, width, value);
        break;
    case COMMON_QUEUE_USED:
        put_address(&q->used, offset, width, value);
        break;
    default:
        break;
    }
}

/* Rings do not change under a queue that is on. */
static void queue_write(struct virtio *v, uint64_t offset, unsigned width, uint64_t value)
{
    struct virtio_queue *q = selected(v);
    if (q == NULL) {
        return;
    }
    if (offset == COMMON_QUEUE_VECTOR) {
        q->vector = vector_of(v, value);
    } else if (q->enabled) {
        return;
    } else if (offset == COMMON_QUEUE_SIZE) {
        q->size = (uint16_t)(value <= v->ops->queue_size_max ? value : q->size);
    } else if (offset == COMMON_QUEUE_ENABLE && value == 1) {
        enable_queue(v, q);
    } else {
        address_write(q, offset, width, value);
    }
}

/* FEATURES_OK stays only when what the driver took was offered and has VERSION_1 (3.1.1, 6.1). */
static void status_write(struct virtio *v, uint8_t value)
{
    uint8_t before = v->status;
    if (value == 0) {
        virtio_common_reset(v);
        return;
    }
    value |= before & VIRTIO_NEEDS_RESET;
    if ((value & VIRTIO_FEATURES_OK) != 0 && (before & VIRTIO_FEATURES_OK) == 0 &&
        ((v->features & ~offered(v)) != 0 || (v->features & VIRTIO_F_VERSION_1) == 0)) {
        value &= (uint8_t)~VIRTIO_FEATURES_OK;
    }
    if ((value & VIRTIO_FEATURES_OK) == 0) {
        value &= (uint8_t)~VIRTIO_DRIVER_OK;
    }
    v->status = before | value;
    bool starts = (before & VIRTIO_DRIVER_OK) == 0 && virtio_is_ready(v);
    if (starts && v->ops->ready != NULL) {
        v->ops->ready(v->device);
    }
}

static void feature_write(struct virtio *v, uint32_t value)
{
    if ((v->status & VIRTIO_FEATURES_OK) != 0) {
        return;
    }
    if (v->driver_feature_select == 0) {
        v->features = bits_set(v->features, 31, 0, value);
    } else if (v->driver_feature_select == 1) {
        v->features = bits_set(v->features, 63, 32, value);
    }
}

void virtio_common_write(struct virtio *v, uint64_t offset, unsigned width, uint64_t value)
{
    switch (offset) {
    case COMMON_FEATURE_SELECT:
        v->feature_select = (uint32_t)value;
        break;
    case COMMON_DRIVER_SELECT:
        v->driver_feature_select = (uint32_t)value;
        break;
    case COMMON_DRIVER_FEATURE:
        feature_write(v, (uint32_t)value);
        break;
    case COMMON_CONFIG_VECTOR:
        v->config_vector = vector_of(v, value);
        break;
    case COMMON_STATUS:
        status_write(v, (uint8_t)value);
        break;
    case COMMON_QUEUE_SELECT:
        v->queue_select = (uint16_t)value;
        break;
    default:
        queue_write(v, offset, width, value);
        break;
    }
}
