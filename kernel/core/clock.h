/* SPDX-License-Identifier: GPL-2.0-only
 * Clock arithmetic: ticks of one counter to nanoseconds, wrapping counters, and frequencies. Pure. */
#ifndef BULKHEAD_CORE_CLOCK_H
#define BULKHEAD_CORE_CLOCK_H

#include "kernel/lib/types.h"

#define CLOCK_PM_TIMER_HZ 3579545 /* ACPI 6.5 4.8.3.3 */
#define CLOCK_PIT_HZ 1193182      /* 8254: 14.31818 MHz / 12 */

/* Nanoseconds = base_ns + (ticks - base_ticks) * multiplier / 2^32. */
struct clock {
    uint64_t base_ticks;
    uint64_t base_ns;
    uint64_t multiplier; /* nanoseconds a tick, 32.32 fixed point; never 0 */
};

/* A counter of `hz` ticks a second (1 MHz .. 100 GHz) that shows base_ticks at base_ns. */
struct clock clock_make(uint64_t hz, uint64_t base_ticks, uint64_t base_ns);

/* Time at `ticks`; a value before the base gives base_ns, so that a CPU whose counter lags never goes back. */
uint64_t clock_ns(const struct clock *clock, uint64_t ticks);

/* The same clock at another frequency from `ticks` on: no step in time. */
struct clock clock_change(const struct clock *clock, uint64_t hz, uint64_t ticks);

/* Ticks of a counter of `hz` in ns, rounded up; saturates at UINT64_MAX. */
uint64_t clock_ticks(uint64_t hz, uint64_t ns);

/* Steps from `from` to `to` of a counter that wraps after `bits` bits (1..32); the ACPI PM timer has 24. */
uint32_t clock_wrapped_difference(uint32_t from, uint32_t to, unsigned bits);

/* Frequency of a counter that made `ticks` steps while a reference of reference_hz made reference_ticks; 0 when the
 * reference did not move or the result does not fit. */
uint64_t clock_frequency(uint64_t ticks, uint64_t reference_ticks, uint64_t reference_hz);

#endif
