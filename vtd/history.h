/* SPDX-License-Identifier: GPL-2.0-only
 * What a domain's devices reached until lately: the last ranges that were unmapped, where they led, and when they went.
 * A device that still uses one makes a fault; this says why. */
#ifndef BULKHEAD_VTD_HISTORY_H
#define BULKHEAD_VTD_HISTORY_H

#include "kernel/core/lock.h"
#include "kernel/lib/types.h"

#define VTD_HISTORY_RANGES 16u /* then the oldest goes */

struct vtd_gone {
    uint64_t start, size; /* device addresses; size 0: nothing */
    struct hpa to;        /* where start led */
    uint64_t gone_ns;     /* time_now_ns() */
};

/* Zeroed: nothing went. The lock is innermost. */
struct vtd_history {
    struct lock lock;
    struct vtd_gone ranges[VTD_HISTORY_RANGES];
    uint64_t noted; /* ever */
};

void vtd_history_note(struct vtd_history *h, struct iova start, uint64_t size, struct hpa to, uint64_t now_ns);

/* The range around the address that went last; false: none is known. Any CPU, interrupt handlers too. */
bool vtd_history_find(struct vtd_history *h, uint64_t address, struct vtd_gone *out);

#endif
