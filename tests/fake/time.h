/* SPDX-License-Identifier: GPL-2.0-only
 * A pretended clock: every look at it advances it, so time-outs run at once. */
#ifndef BULKHEAD_FAKE_TIME_H
#define BULKHEAD_FAKE_TIME_H

#include "kernel/lib/types.h"

void fake_time_reset(void);
void fake_time_advance_ns(uint64_t ns);
/* Nanoseconds that one look costs (default 100). */
void fake_time_step_ns(uint64_t ns);
/* Called at every look at the clock, for models whose work takes time; NULL (and after a reset) for none. */
typedef void fake_time_hook(void *context);
void fake_time_on_look(fake_time_hook *hook, void *context);

#endif
