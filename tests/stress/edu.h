/* SPDX-License-Identifier: GPL-2.0-only
 * QEMU's edu device as a source of MSIs from a thread of its own: it computes a factorial, then interrupts. */
#ifndef BULKHEAD_TESTS_STRESS_EDU_H
#define BULKHEAD_TESTS_STRESS_EDU_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* Find it on bus 0 and give it vectors; STATUS_NOT_FOUND without one. */
MUST_CHECK enum status edu_init(void);
/* The first request; every interrupt starts the next, at another CPU each time. */
void edu_start(void);
/* No further requests. */
void edu_stop(void);

uint64_t edu_sent(void);
uint64_t edu_received(void);

#endif
