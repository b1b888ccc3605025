/* SPDX-License-Identifier: GPL-2.0-only
 * Round robin. */
#include "guest/run_queue.h"

#include "kernel/core/panic.h"
#include "kernel/lib/bits.h"

struct run_queue run_queue_make(unsigned count, uint64_t slice_ns)
{
    bulkhead_assert(count != 0 && count <= RUN_QUEUE_MAX && slice_ns != 0);
    return (struct run_queue){.count = count, .current = RUN_QUEUE_NONE, .slice_ns = slice_ns};
}

static uint64_t end_of_slice(const struct run_queue *q)
{
    uint64_t end;
    return __builtin_add_overflow(q->since_ns, q->slice_ns, &end) ? RUN_QUEUE_NEVER : end;
}

/* The first ready one after the current one; there is one. */
static unsigned next_in_turn(const struct run_queue *q, uint64_t ready)
{
    unsigned who = q->current == RUN_QUEUE_NONE ? 0 : (q->current + 1) % q->count;
    while ((ready & BIT64(who)) == 0) {
        who = (who + 1) % q->count;
    }
    return who;
}

struct run_turn run_queue_next(struct run_queue *queue, uint64_t ready, uint64_t now_ns)
{
    ready &= MASK64(queue->count - 1, 0);
    if (ready == 0) {
        return (struct run_turn){RUN_QUEUE_NONE, RUN_QUEUE_NEVER};
    }
    uint64_t mine = queue->current == RUN_QUEUE_NONE ? 0 : BIT64(queue->current);
    if (ready == mine) {
        return (struct run_turn){queue->current, RUN_QUEUE_NEVER};
    }
    if ((ready & mine) == 0 || now_ns >= end_of_slice(queue)) {
        queue->current = next_in_turn(queue, ready);
        queue->since_ns = now_ns;
    }
    bool alone = ready == BIT64(queue->current);
    return (struct run_turn){queue->current, alone ? RUN_QUEUE_NEVER : end_of_slice(queue)};
}
