/* SPDX-License-Identifier: GPL-2.0-only
 * A split virtqueue, device side (virtio 1.2, 2.7), without indirect descriptors and event indexes. Everything that the
 * guest writes (indexes, descriptors) is read once into a private copy and checked there: indexes against the queue's
 * size, lengths and addresses against the guest's RAM, chains against loops. Calls of one guest are serialised. */
#ifndef BULKHEAD_GUEST_VIRTQUEUE_H
#define BULKHEAD_GUEST_VIRTQUEUE_H

#include "guest/memory.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define VIRTQUEUE_SIZE_MAX 128u

struct virtqueue {
    const struct guest_memory *memory; /* NULL until it is enabled */
    uint16_t size;                     /* entries, a power of two */
    uint64_t descriptors, available, used;
    uint16_t next_available; /* of the ring's running index, not cut to the size */
    uint16_t next_used;
    const char *why; /* what is wrong with it, after a call said so; a constant text */
};

struct virtqueue_segment {
    uint64_t at;    /* guest-physical; at + bytes is RAM */
    uint32_t bytes; /* may be 0 */
};

/* Buffers of one request: those that the device reads, then those that it writes. */
struct virtqueue_chain {
    uint16_t head;
    uint16_t count, readable_count;     /* segments in all; the first of them are readable */
    uint64_t readable, writable;        /* bytes */
    uint64_t bytes_read, bytes_written; /* how far virtqueue_read and virtqueue_write came */
    struct virtqueue_segment segments[VIRTQUEUE_SIZE_MAX];
};

/* Start with rings at these guest-physical addresses. STATUS_OUT_OF_RANGE: size is no power of two up to
 * VIRTQUEUE_SIZE_MAX, or a ring is not aligned (16, 2, 4 bytes) or not all in RAM; the queue stays off. */
MUST_CHECK enum status virtqueue_enable(struct virtqueue *q, const struct guest_memory *memory, uint16_t size,
                                        uint64_t descriptors, uint64_t available, uint64_t used);

/* Off, as after a reset. */
void virtqueue_disable(struct virtqueue *q);

static inline bool virtqueue_is_enabled(const struct virtqueue *q)
{
    return q->memory != NULL;
}

/* The next request. STATUS_NOT_FOUND: none waits, or the queue is off. STATUS_BAD_FORMAT: the guest broke the queue,
 * q->why says how: use it no more. */
MUST_CHECK enum status virtqueue_pop(struct virtqueue *q, struct virtqueue_chain *chain);

/* The request that was popped last waits again. */
void virtqueue_unpop(struct virtqueue *q);

/* The request is done; `written` bytes of its writable part are filled. */
void virtqueue_push(struct virtqueue *q, const struct virtqueue_chain *chain, uint32_t written);

/* Does the guest want an interrupt for what was pushed? */
bool virtqueue_wants_interrupt(const struct virtqueue *q);

/* Copy the next bytes of the readable part out, or into the writable part; how many there were, up to n. */
size_t virtqueue_read(const struct guest_memory *memory, struct virtqueue_chain *chain, void *to, size_t n);
size_t virtqueue_write(const struct guest_memory *memory, struct virtqueue_chain *chain, const void *from, size_t n);
/* Copy the next bytes of one guest's readable part into another one's writable part, in one go; how many there were, up
 * to n. */
size_t virtqueue_copy(const struct guest_memory *from_memory, struct virtqueue_chain *from,
                      const struct guest_memory *to_memory, struct virtqueue_chain *to, size_t n);
/* Leave out the next bytes of the readable part. */
void virtqueue_skip(struct virtqueue_chain *chain, uint64_t n);

#endif
