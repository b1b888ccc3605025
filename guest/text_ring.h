/* SPDX-License-Identifier: GPL-2.0-only
 * The last bytes that a guest wrote to its consoles, for a reader on another CPU: bounded; when the reader is slow the
 * oldest bytes go, and a line says how many. Any CPU, in interrupt handlers too. */
#ifndef BULKHEAD_GUEST_TEXT_RING_H
#define BULKHEAD_GUEST_TEXT_RING_H

#include "kernel/core/lock.h"
#include "kernel/lib/types.h"

#define TEXT_RING_BYTES 16384u
#define TEXT_RING_NOTE_BYTES 64u /* room that the line about lost bytes needs */

struct text_ring {
    struct lock lock;
    uint64_t written, taken; /* bytes ever; at most TEXT_RING_BYTES apart */
    uint64_t lost;           /* bytes that went since a line said so */
    void (*notify)(void *context);
    void *context;
    uint8_t bytes[TEXT_RING_BYTES];
};

/* Empty. notify (may be NULL) is called without the lock when it is empty no more. */
void text_ring_init(struct text_ring *ring, void (*notify)(void *context), void *context);

void text_ring_put(struct text_ring *ring, const uint8_t *from, size_t count);

/* The oldest bytes, up to `most`. A line about lost bytes stands where they were; it waits for a call that has
 * TEXT_RING_NOTE_BYTES of room. 0: nothing waits. */
size_t text_ring_take(struct text_ring *ring, uint8_t *to, size_t most);

#endif
