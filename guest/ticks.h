/* SPDX-License-Identifier: GPL-2.0-only
 * Between nanoseconds and the ticks of a fixed-rate counter, without 128-bit division; exact to one tick. */
#ifndef BULKHEAD_GUEST_TICKS_H
#define BULKHEAD_GUEST_TICKS_H

#include "kernel/lib/types.h"

#define TICKS_NS_PER_SECOND UINT64_C(1000000000)
#define TICKS_NEVER UINT64_MAX

/* Whole ticks in ns. hz below 18 GHz; ns below 18e18 / hz seconds (centuries for our clocks). */
static inline uint64_t ticks_from_ns(uint64_t ns, uint64_t hz)
{
    uint64_t seconds = ns / TICKS_NS_PER_SECOND;
    return seconds * hz + (ns % TICKS_NS_PER_SECOND) * hz / TICKS_NS_PER_SECOND;
}

/* The first nanosecond at which that many ticks have passed; TICKS_NEVER when beyond 64 bits. */
static inline uint64_t ticks_to_ns(uint64_t ticks, uint64_t hz)
{
    uint64_t ns, rest = (ticks % hz * TICKS_NS_PER_SECOND + hz - 1) / hz;
    if (__builtin_mul_overflow(ticks / hz, TICKS_NS_PER_SECOND, &ns) || __builtin_add_overflow(ns, rest, &ns)) {
        return TICKS_NEVER;
    }
    return ns;
}

/* a + b, TICKS_NEVER instead of wrapping. */
static inline uint64_t ticks_add(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? TICKS_NEVER : sum;
}

#endif
