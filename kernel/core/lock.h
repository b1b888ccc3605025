/* SPDX-License-Identifier: GPL-2.0-only
 * A fair spin lock that also keeps interrupts off on this CPU while held.
 * Order, outermost first: guest < vtd unit < irq < paging < pages < pci config < log, event. Never taken twice by one
 * CPU. */
#ifndef BULKHEAD_CORE_LOCK_H
#define BULKHEAD_CORE_LOCK_H

#include "kernel/lib/types.h"

struct lock {
    uint32_t next;    /* ticket to hand out */
    uint32_t serving; /* ticket that holds it */
};

/* Returns the interrupt flags to give back to lock_release. */
uint64_t lock_take(struct lock *lock);
void lock_release(struct lock *lock, uint64_t flags);

#endif
