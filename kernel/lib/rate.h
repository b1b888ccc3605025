/* SPDX-License-Identifier: GPL-2.0-only
 * "At most so many in a time": counting in windows. A window starts with the first thing that comes after the last one
 * ended. Pure. */
#ifndef BULKHEAD_LIB_RATE_H
#define BULKHEAD_LIB_RATE_H

#include "kernel/lib/types.h"

struct rate_limit {
    uint32_t count;
    uint64_t period_ns; /* 0: no limit */
};

/* Zeroed: nothing came yet. */
struct rate_window {
    uint64_t start_ns;
    uint64_t count; /* in it; 0: there is none */
};

/* `more` things came now: are there more in the window than the limit allows? Time may stand still, not go back. */
static inline bool rate_exceeded(struct rate_window *w, struct rate_limit limit, uint64_t now_ns, uint64_t more)
{
    if (w->count == 0 || now_ns - w->start_ns >= limit.period_ns) {
        *w = (struct rate_window){.start_ns = now_ns};
    }
    w->count += more;
    return limit.period_ns != 0 && w->count > limit.count;
}

/* When the present window ends. */
static inline uint64_t rate_window_end(const struct rate_window *w, struct rate_limit limit)
{
    return w->start_ns + limit.period_ns;
}

#endif
