/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's own paging, walked in software: for fetching the instruction that exited, and for the memory operands
 * of string instructions (SDM 3A 4.3 to 4.6, APM2 5.3). Accessed and dirty bits are left alone. */
#ifndef BULKHEAD_GUEST_PAGE_WALK_H
#define BULKHEAD_GUEST_PAGE_WALK_H

#include "guest/memory.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* What decides how an address is translated. */
struct page_walk_mode {
    uint64_t cr0, cr3, cr4, efer;
    bool user; /* the access is from privilege level 3 */
};

enum page_walk_access {
    PAGE_WALK_READ,
    PAGE_WALK_WRITE,
    PAGE_WALK_FETCH,
};

/* Bits of a #PF error code (SDM 3A 4.7). */
enum page_walk_error {
    PAGE_WALK_PRESENT = 1 << 0,
    PAGE_WALK_WRITTEN = 1 << 1,
    PAGE_WALK_USER = 1 << 2,
    PAGE_WALK_FETCHED = 1 << 4,
};

/* The entries that a walk read, for looking again later whether it would end at the same place: it would while the mode
 * and every value are the same. The pointers are into the guest's RAM. */
#define PAGE_WALK_STEPS_MAX 5
struct page_walk_trace {
    bool whole; /* false: the walk cannot be looked at again (4-byte entries) */
    unsigned count;
    struct page_walk_step {
        const uint64_t *at;
        uint64_t value;
    } steps[PAGE_WALK_STEPS_MAX];
};

/* Are the entries what they were? Of a whole trace. */
static inline bool page_walk_trace_holds(const struct page_walk_trace *trace)
{
    const struct page_walk_step *end = trace->steps + trace->count;
    for (const struct page_walk_step *step = trace->steps; step != end; step++) {
        if (__atomic_load_n(step->at, __ATOMIC_RELAXED) != step->value) {
            return false;
        }
    }
    return true;
}

/* The guest-physical address of a linear one. STATUS_NOT_FOUND: a #PF with *error would follow; STATUS_OUT_OF_RANGE:
 * a paging structure lies outside RAM. */
MUST_CHECK enum status page_walk(const struct guest_memory *memory, const struct page_walk_mode *mode, uint64_t linear,
                                 enum page_walk_access access, struct gpa *out, uint32_t *error);

/* The same; trace is valid with STATUS_OK. */
MUST_CHECK enum status page_walk_traced(const struct guest_memory *memory, const struct page_walk_mode *mode,
                                        uint64_t linear, enum page_walk_access access, struct gpa *out, uint32_t *error,
                                        struct page_walk_trace *trace);

#endif
