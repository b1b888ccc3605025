/* SPDX-License-Identifier: GPL-2.0-only
 * Monotonic time since the hypervisor was entered, and deadlines for waits on hardware.
 * Before calibration (time_calibrate) it counts as if the TSC ran at 1 GHz. */
#ifndef BULKHEAD_CORE_TIME_H
#define BULKHEAD_CORE_TIME_H

#include "kernel/lib/types.h"

uint64_t time_now_ns(void);

struct deadline {
    uint64_t at_ns;
};

static inline struct deadline deadline_in_us(uint64_t us)
{
    return (struct deadline){time_now_ns() + us * 1000};
}

static inline bool deadline_passed(struct deadline d)
{
    return time_now_ns() >= d.at_ns;
}

/* Busy-wait. Architectural waits only (reset times, SIPI delays); the total is kept for make bench. */
void time_wait_us(uint64_t us);
uint64_t time_waited_us(void);

static inline void time_wait_until(uint64_t at_ns)
{
    uint64_t now_ns = time_now_ns();
    if (now_ns < at_ns) {
        time_wait_us((at_ns - now_ns + 999) / 1000);
    }
}

#endif
