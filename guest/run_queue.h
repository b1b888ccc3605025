/* SPDX-License-Identifier: GPL-2.0-only
 * Whose turn it is on a CPU that several vCPUs share, and until when: round robin in fixed slices. Decisions alone; the
 * loop that acts on them is vm_host.c. */
#ifndef BULKHEAD_GUEST_RUN_QUEUE_H
#define BULKHEAD_GUEST_RUN_QUEUE_H

#include "kernel/lib/types.h"

#define RUN_QUEUE_MAX 64u /* members: bits of `ready` */
#define RUN_QUEUE_NONE UINT32_MAX
#define RUN_QUEUE_NEVER UINT64_MAX

struct run_queue {
    unsigned count;    /* members are 0..count-1; 1 to RUN_QUEUE_MAX */
    unsigned current;  /* whose turn it was last; RUN_QUEUE_NONE: nobody's yet */
    uint64_t since_ns; /* when that turn began */
    uint64_t slice_ns; /* not 0 */
};

struct run_turn {
    unsigned who;      /* RUN_QUEUE_NONE: nobody wants the CPU */
    uint64_t until_ns; /* ask again then at the latest; RUN_QUEUE_NEVER: nobody else wants the CPU */
};

struct run_queue run_queue_make(unsigned count, uint64_t slice_ns);

/* Decide at now_ns. ready: bit i is set when member i wants the CPU. Who has the turn keeps it while nobody else wants
 * the CPU, and otherwise until its slice is over, counted from the turn's start: who ran alone for longer than that
 * gives way at once. Who does not want the CPU gives it away at once. So a member that becomes ready waits for at most
 * one slice of each other one. now_ns never goes back. */
struct run_turn run_queue_next(struct run_queue *queue, uint64_t ready, uint64_t now_ns);

#endif
