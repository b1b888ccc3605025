/* SPDX-License-Identifier: GPL-2.0-only
 * The invalidation queue of a unit: a ring of descriptors, always waited for (VT-d 4.1 6.5.2).
 * Every function here wants the unit's lock held. */
#ifndef BULKHEAD_VTD_QUEUE_H
#define BULKHEAD_VTD_QUEUE_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vtd/queue_descriptor.h"

struct vtd_unit;

#define VTD_QUEUE_ENTRIES 256u  /* one page */
#define VTD_QUEUE_BATCH_MAX 64u /* descriptors in one submission, its wait not counted */

struct vtd_queue {
    struct hpa ring;   /* one page of descriptors */
    struct hpa status; /* one page; waits write its first dword */
    uint32_t tail;     /* next free entry */
    uint32_t sequence; /* what the latest wait writes: never the same twice in a row */
    bool started;
    bool late; /* the unit let the latest deadline pass */

    uint32_t errors;          /* submissions that hardware refused or that timed out, since boot */
    uint32_t device_timeouts; /* device-TLB time-outs (ITE) seen */
    uint16_t timeout_source;  /* source id of the latest of them */
};

/* Allocate ring and status. Registers are not touched. */
MUST_CHECK enum status vtd_queue_init(struct vtd_unit *u);

/* Empty the ring, tell the unit where it is, enable it. The queue must be off. */
MUST_CHECK enum status vtd_queue_start(struct vtd_unit *u);

/* Wait until a queue that someone else left running is empty, then switch it off. A queue that does not drain is
 * switched off all the same; STATUS_TIMEOUT only when the unit does not confirm that. */
MUST_CHECK enum status vtd_queue_stop_foreign(struct vtd_unit *u);

/* Append count (1..VTD_QUEUE_BATCH_MAX) descriptors and a wait, and wait until all are done.
 * STATUS_TIMEOUT: they may not have been; nothing that they guard may be reused. STATUS_HARDWARE: the unit refused
 * one of them (it was replaced, so that the queue goes on); the same holds. A unit that was late once is not waited for
 * again until it has done what it was told then: STATUS_TIMEOUT at once. */
MUST_CHECK enum status vtd_queue_run(struct vtd_unit *u, const struct vtd_descriptor *descriptors, unsigned count);

/* The same for invalidations of one device's TLB, which depend on the device: when it does not answer in the unit's
 * time, STATUS_TIMEOUT at once, and the queue goes on for others. */
MUST_CHECK enum status vtd_queue_run_device(struct vtd_unit *u, const struct vtd_descriptor *descriptors,
                                            unsigned count, uint16_t source);

#endif
