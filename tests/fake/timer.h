/* SPDX-License-Identifier: GPL-2.0-only
 * The pretended timer's alarm. */
#ifndef BULKHEAD_FAKE_TIMER_H
#define BULKHEAD_FAKE_TIMER_H

#include "kernel/core/timer.h"

/* When it is set to ring; TIMER_NEVER: not. */
uint64_t fake_timer_alarm(void);

/* Its time has come. */
void fake_timer_ring(void);

#endif
