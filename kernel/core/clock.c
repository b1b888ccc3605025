/* SPDX-License-Identifier: GPL-2.0-only
 * Clock arithmetic. Products are taken in 128 bits; the only divisor wider than 64 bits is avoided. */
#include "kernel/core/clock.h"

#include "kernel/lib/bits.h"

#define NS_PER_S UINT64_C(1000000000)

struct clock clock_make(uint64_t hz, uint64_t base_ticks, uint64_t base_ns)
{
    /* 10^9 << 32 fits 62 bits. */
    uint64_t multiplier = hz != 0 ? (NS_PER_S << 32) / hz : NS_PER_S << 32;
    return (struct clock){base_ticks, base_ns, multiplier != 0 ? multiplier : 1};
}

uint64_t clock_ns(const struct clock *clock, uint64_t ticks)
{
    if (ticks < clock->base_ticks) {
        return clock->base_ns;
    }
    unsigned __int128 product = (unsigned __int128)(ticks - clock->base_ticks) * clock->multiplier;
    return clock->base_ns + (uint64_t)(product >> 32);
}

struct clock clock_change(const struct clock *clock, uint64_t hz, uint64_t ticks)
{
    return clock_make(hz, ticks, clock_ns(clock, ticks));
}

uint64_t clock_ticks(uint64_t hz, uint64_t ns)
{
    /* Whole seconds and the rest apart: each product stays within 64 bits or saturates. */
    uint64_t whole;
    if (__builtin_mul_overflow(ns / NS_PER_S, hz, &whole)) {
        return UINT64_MAX;
    }
    uint64_t rest;
    if (__builtin_mul_overflow(ns % NS_PER_S, hz, &rest)) {
        return UINT64_MAX;
    }
    uint64_t part = rest / NS_PER_S + (rest % NS_PER_S != 0 ? 1 : 0);
    uint64_t sum;
    return __builtin_add_overflow(whole, part, &sum) ? UINT64_MAX : sum;
}

uint32_t clock_wrapped_difference(uint32_t from, uint32_t to, unsigned bits)
{
    return (to - from) & MASK32(bits - 1, 0);
}

uint64_t clock_frequency(uint64_t ticks, uint64_t reference_ticks, uint64_t reference_hz)
{
    uint64_t product;
    if (reference_ticks == 0 || __builtin_mul_overflow(ticks, reference_hz, &product)) {
        return 0;
    }
    return product / reference_ticks;
}
