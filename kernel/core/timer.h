/* SPDX-License-Identifier: GPL-2.0-only
 * One deadline timer on each CPU, from its LAPIC. */
#ifndef BULKHEAD_CORE_TIMER_H
#define BULKHEAD_CORE_TIMER_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define TIMER_NEVER UINT64_MAX

/* Measure the LAPIC timer's clock against time_now_ns(); once, on the boot CPU, after time_calibrate. About 10 ms.
 * STATUS_HARDWARE when it does not count. */
MUST_CHECK enum status timer_calibrate(void);

typedef void timer_handler(void *context);

/* What runs on CPU `cpu` when its deadline has passed: there, interrupts off. NULL: nothing, the interrupt alone (it
 * wakes a HLT or ends a guest's run). */
void timer_set_handler(unsigned cpu, timer_handler *handler, void *context);

/* This CPU's deadline in time_now_ns() terms; replaces the one before. TIMER_NEVER: none. One in the past fires at
 * once. */
void timer_set_deadline(uint64_t ns);
uint64_t timer_deadline(void);

/* A second deadline of this CPU, for work that it does beside whatever else uses the first: handler runs once when it
 * has passed, there, interrupts off, and may set the next one. Replaces the alarm before. TIMER_NEVER: none. */
void timer_set_alarm(uint64_t ns, timer_handler *handler, void *context);

/* For a machine that may lose a timer interrupt: from now on this CPU's timer repeats, at most ns apart, deadline or
 * not, and at least every 100 us while a deadline is near. 0: only deadlines. Interrupts without a deadline behind
 * them call no handler. */
void timer_set_backup(uint64_t ns);

/* Called by irq_dispatch only. */
void timer_interrupt(void);

#endif
