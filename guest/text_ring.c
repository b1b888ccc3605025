/* SPDX-License-Identifier: GPL-2.0-only
 * What guests print, kept for a reader. */
#include "guest/text_ring.h"

#include "kernel/lib/format.h"

void text_ring_init(struct text_ring *ring, void (*notify)(void *context), void *context)
{
    ring->lock = (struct lock){0};
    ring->written = ring->taken = ring->lost = 0;
    ring->notify = notify;
    ring->context = context;
}

/* The oldest byte makes room. */
static void put_byte(struct text_ring *ring, uint8_t byte)
{
    bool full = ring->written - ring->taken == TEXT_RING_BYTES;
    ring->taken += full;
    ring->lost += full;
    ring->bytes[ring->written++ % TEXT_RING_BYTES] = byte;
}

void text_ring_put(struct text_ring *ring, const uint8_t *from, size_t count)
{
    uint64_t flags = lock_take(&ring->lock);
    bool was_empty = ring->written == ring->taken;
    for (size_t i = 0; i < count; i++) {
        put_byte(ring, from[i]);
    }
    lock_release(&ring->lock, flags);
    if (was_empty && count != 0 && ring->notify != NULL) {
        ring->notify(ring->context);
    }
}

static size_t take_note(struct text_ring *ring, uint8_t *to, size_t most)
{
    if (ring->lost == 0 || most < TEXT_RING_NOTE_BYTES) {
        return 0;
    }
    size_t used = format_text((char *)to, most, "\r\n[bulkhead: %llu bytes lost]\r\n", (unsigned long long)ring->lost);
    ring->lost = 0;
    return used;
}

size_t text_ring_take(struct text_ring *ring, uint8_t *to, size_t most)
{
    uint64_t flags = lock_take(&ring->lock);
    size_t used = take_note(ring, to, most);
    while (used < most && ring->taken != ring->written) {
        to[used++] = ring->bytes[ring->taken++ % TEXT_RING_BYTES];
    }
    lock_release(&ring->lock, flags);
    return used;
}
