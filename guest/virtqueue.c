/* SPDX-License-Identifier: GPL-2.0-only
 * Split virtqueues, device side (virtio 1.2, 2.7). The guest may change its rings at any moment, from any of its CPUs.
 */
#include "guest/virtqueue.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define DESCRIPTOR_BYTES 16u
#define HEADER_BYTES 4u  /* of both rings: flags, index */
#define TRAILER_BYTES 2u /* of both rings, after their entries: event index */
#define USED_ENTRY_BYTES 8u

enum descriptor_flag {
    FLAG_NEXT = 1,
    FLAG_WRITE = 2,
    FLAG_INDIRECT = 4,
};

#define AVAILABLE_NO_INTERRUPT 1u

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

/* Fields are aligned to their size, so none lies in two slots; enabling saw that rings are in RAM. */
static uint16_t load16(const struct virtqueue *q, uint64_t at)
{
    const uint16_t *field = guest_memory_at(q->memory, gpa(at), sizeof(*field));
    return field == NULL ? 0 : __atomic_load_n(field, __ATOMIC_ACQUIRE);
}

/* Not where the guest's memory is watched: what a guest may not write itself it cannot have written for it. */
static bool may_write(const struct guest_memory *memory, uint64_t at, uint64_t bytes)
{
    return memory->may_write == NULL || memory->may_write(memory->watch, at, bytes);
}

/* How many of the bytes are asked for at a time: pages are watched one by one. */
static uint64_t in_page(const struct guest_memory *memory, uint64_t at, uint64_t bytes)
{
    uint64_t left = PAGE_SIZE - at % PAGE_SIZE;
    return memory->may_write != NULL && left < bytes ? left : bytes;
}

static void store16(const struct virtqueue *q, uint64_t at, uint16_t value)
{
    uint16_t *field = guest_memory_at(q->memory, gpa(at), sizeof(*field));
    if (field != NULL && may_write(q->memory, at, sizeof(*field))) {
        __atomic_store_n(field, value, __ATOMIC_RELEASE);
    }
}

static void store32(const struct virtqueue *q, uint64_t at, uint32_t value)
{
    uint32_t *field = guest_memory_at(q->memory, gpa(at), sizeof(*field));
    if (field != NULL && may_write(q->memory, at, sizeof(*field))) {
        __atomic_store_n(field, value, __ATOMIC_RELAXED);
    }
}

static bool ring_fits(const struct guest_memory *memory, uint64_t at, uint64_t bytes, uint64_t align)
{
    return is_aligned(at, align) && guest_memory_has(memory, gpa(at), bytes);
}

enum status virtqueue_enable(struct virtqueue *q, const struct guest_memory *memory, uint16_t size,
                             uint64_t descriptors, uint64_t available, uint64_t used)
{
    virtqueue_disable(q);
    if (size == 0 || size > VIRTQUEUE_SIZE_MAX || (size & (size - 1)) != 0 ||
        !ring_fits(memory, descriptors, (uint64_t)DESCRIPTOR_BYTES * size, DESCRIPTOR_BYTES) ||
        !ring_fits(memory, available, HEADER_BYTES + 2u * size + TRAILER_BYTES, 2) ||
        !ring_fits(memory, used, HEADER_BYTES + (uint64_t)USED_ENTRY_BYTES * size + TRAILER_BYTES, 4)) {
        return STATUS_OUT_OF_RANGE;
    }
    *q = (struct virtqueue){
        .memory = memory, .size = size, .descriptors = descriptors, .available = available, .used = used};
    return STATUS_OK;
}

void virtqueue_disable(struct virtqueue *q)
{
    *q = (struct virtqueue){0};
}

static enum status broken(struct virtqueue *q, const char *why)
{
    q->why = why;
    return STATUS_BAD_FORMAT;
}

/* A private copy of descriptor `index`, which is below the size: each of its halves is read once. */
static struct descriptor fetch(const struct virtqueue *q, uint16_t index)
{
    uint64_t at = q->descriptors + (uint64_t)DESCRIPTOR_BYTES * index;
    const uint64_t *halves = guest_memory_at(q->memory, gpa(at), DESCRIPTOR_BYTES);
    if (halves == NULL) {
        return (struct descriptor){.flags = FLAG_INDIRECT}; /* cannot be: rings are in RAM, which stays */
    }
    uint64_t address = __atomic_load_n(&halves[0], __ATOMIC_RELAXED);
    uint64_t rest = __atomic_load_n(&halves[1], __ATOMIC_RELAXED);
    return (struct descriptor){.address = address,
                               .length = (uint32_t)bits_get(rest, 31, 0),
                               .flags = (uint16_t)bits_get(rest, 47, 32),
                               .next = (uint16_t)bits_get(rest, 63, 48)};
}

/* Append it; NULL, or what is wrong with it. */
static const char *take(const struct virtqueue *q, struct virtqueue_chain *chain, const struct descriptor *d)
{
    bool writes = (d->flags & FLAG_WRITE) != 0;
    if (chain->count == q->size) {
        return "a chain of descriptors is a loop";
    }
    if ((d->flags & FLAG_INDIRECT) != 0) {
        return "an indirect descriptor, which was not offered";
    }
    if (!writes && chain->count != chain->readable_count) {
        return "a readable buffer after a writable one";
    }
    if (!guest_memory_has(q->memory, gpa(d->address), d->length)) {
        return "a buffer is not in RAM";
    }
    chain->segments[chain->count++] = (struct virtqueue_segment){d->address, d->length};
    if (writes) {
        chain->writable += d->length;
    } else {
        chain->readable_count = chain->count;
        chain->readable += d->length;
    }
    return NULL;
}

static enum status follow(struct virtqueue *q, struct virtqueue_chain *chain)
{
    uint16_t index = chain->head;
    for (;;) {
        if (index >= q->size) {
            return broken(q, "a descriptor's number is not below the queue's size");
        }
        struct descriptor d = fetch(q, index);
        const char *why = take(q, chain, &d);
        if (why != NULL) {
            return broken(q, why);
        }
        if ((d.flags & FLAG_NEXT) == 0) {
            return STATUS_OK;
        }
        index = d.next;
    }
}

enum status virtqueue_pop(struct virtqueue *q, struct virtqueue_chain *chain)
{
    if (!virtqueue_is_enabled(q)) {
        return STATUS_NOT_FOUND;
    }
    uint16_t waiting = (uint16_t)(load16(q, q->available + 2) - q->next_available);
    if (waiting == 0) {
        return STATUS_NOT_FOUND;
    }
    if (waiting > q->size) {
        return broken(q, "more requests are available than the queue has entries");
    }
    uint64_t slot = q->next_available % q->size;
    chain->head = load16(q, q->available + HEADER_BYTES + 2 * slot);
    chain->count = chain->readable_count = 0;
    chain->readable = chain->writable = chain->bytes_read = chain->bytes_written = 0;
    enum status status = follow(q, chain);
    q->next_available = (uint16_t)(q->next_available + (status == STATUS_OK));
    return status;
}

void virtqueue_unpop(struct virtqueue *q)
{
    q->next_available--;
}

void virtqueue_push(struct virtqueue *q, const struct virtqueue_chain *chain, uint32_t written)
{
    uint64_t entry = q->used + HEADER_BYTES + (uint64_t)USED_ENTRY_BYTES * (q->next_used % q->size);
    store32(q, entry, chain->head);
    store32(q, entry + 4, written);
    q->next_used++;
    store16(q, q->used + 2, q->next_used);
}

/* The guest clears its flag and then looks at our index: ours must be seen before its flag is read (2.7.7.2). */
bool virtqueue_wants_interrupt(const struct virtqueue *q)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return virtqueue_is_enabled(q) && (load16(q, q->available) & AVAILABLE_NO_INTERRUPT) == 0;
}

/* The host's side of a copy: one of the two is NULL. */
struct host_side {
    uint8_t *to;
    const uint8_t *from;
};

/* Copy between ours, from byte `offset` on, and guest memory, in as many pieces as that has. */
static void copy(const struct guest_memory *memory, uint64_t at, const struct host_side *ours, size_t offset,
                 uint64_t bytes)
{
    for (uint64_t done = 0, piece = 0; done < bytes; done += piece) {
        void *theirs = guest_memory_piece(memory, gpa(at + done), bytes - done, &piece);
        if (theirs == NULL) {
            return; /* no chain has such a segment */
        }
        piece = in_page(memory, at + done, piece);
        if (ours->to != NULL) {
            memcpy(ours->to + offset + done, theirs, piece);
        } else if (may_write(memory, at + done, piece)) {
            memcpy(theirs, ours->from + offset + done, piece);
        }
    }
}

/* Copy up to n bytes from position `position` on of segments first..end. Returns how many. */
static size_t transfer(const struct guest_memory *memory, const struct virtqueue_chain *chain, unsigned first,
                       unsigned end, uint64_t position, const struct host_side *ours, size_t n)
{
    size_t copied = 0;
    for (unsigned i = first; i < end && copied < n; i++) {
        const struct virtqueue_segment *s = &chain->segments[i];
        if (position >= s->bytes) {
            position -= s->bytes;
            continue;
        }
        uint64_t left = s->bytes - position;
        uint64_t now = left < n - copied ? left : n - copied;
        copy(memory, s->at + position, ours, copied, now);
        copied += now;
        position = 0;
    }
    return copied;
}

size_t virtqueue_read(const struct guest_memory *memory, struct virtqueue_chain *chain, void *to, size_t n)
{
    const struct host_side ours = {.to = to};
    size_t copied = transfer(memory, chain, 0, chain->readable_count, chain->bytes_read, &ours, n);
    chain->bytes_read += copied;
    return copied;
}

size_t virtqueue_write(const struct guest_memory *memory, struct virtqueue_chain *chain, const void *from, size_t n)
{
    const struct host_side ours = {.from = from};
    size_t copied = transfer(memory, chain, chain->readable_count, chain->count, chain->bytes_written, &ours, n);
    chain->bytes_written += copied;
    return copied;
}

void virtqueue_skip(struct virtqueue_chain *chain, uint64_t n)
{
    uint64_t left = chain->readable - chain->bytes_read;
    chain->bytes_read += n < left ? n : left;
}

/* A place in a chain of some guest. */
struct place {
    const struct guest_memory *memory;
    const struct virtqueue_segment *segment, *end;
    uint64_t offset; /* in the segment */
};

static struct place place_at(const struct guest_memory *memory, const struct virtqueue_chain *chain, unsigned first,
                             unsigned end, uint64_t position)
{
    struct place p = {memory, chain->segments + first, chain->segments + end, position};
    while (p.segment != p.end && p.offset >= p.segment->bytes) {
        p.offset -= p.segment->bytes;
        p.segment++;
    }
    return p;
}

/* Bytes from there on that lie in one piece, at most `most`; NULL at the end. */
static void *piece_at(struct place *p, uint64_t most, uint64_t *at, uint64_t *bytes)
{
    while (p->segment != p->end && p->offset == p->segment->bytes) {
        p->offset = 0;
        p->segment++;
    }
    if (p->segment == p->end) {
        return NULL;
    }
    uint64_t left = p->segment->bytes - p->offset;
    *at = p->segment->at + p->offset;
    return guest_memory_piece(p->memory, gpa(*at), in_page(p->memory, *at, left < most ? left : most), bytes);
}

size_t virtqueue_copy(const struct guest_memory *from_memory, struct virtqueue_chain *from,
                      const struct guest_memory *to_memory, struct virtqueue_chain *to, size_t n)
{
    struct place source = place_at(from_memory, from, 0, from->readable_count, from->bytes_read);
    struct place target = place_at(to_memory, to, to->readable_count, to->count, to->bytes_written);
    size_t copied = 0;
    while (copied < n) {
        uint64_t bytes = 0, at = 0;
        const void *theirs = piece_at(&source, n - copied, &at, &bytes);
        void *ours = theirs == NULL ? NULL : piece_at(&target, bytes, &at, &bytes);
        if (ours == NULL) {
            break;
        }
        if (may_write(to_memory, at, bytes)) {
            memcpy(ours, theirs, bytes);
        }
        source.offset += bytes;
        target.offset += bytes;
        copied += bytes;
    }
    from->bytes_read += copied;
    to->bytes_written += copied;
    return copied;
}
