/* SPDX-License-Identifier: GPL-2.0-only
 * Pretended timer of the one CPU: it keeps its deadline and never fires; its alarm rings when a test says so. */
#include "tests/fake/timer.h"

static uint64_t deadline = TIMER_NEVER;
static uint64_t alarm_ns = TIMER_NEVER;
static timer_handler *alarm_handler;
static void *alarm_context;

void timer_set_deadline(uint64_t ns)
{
    deadline = ns;
}

uint64_t timer_deadline(void)
{
    return deadline;
}

void timer_set_alarm(uint64_t ns, timer_handler *handler, void *context)
{
    alarm_ns = ns;
    alarm_handler = handler;
    alarm_context = context;
}

uint64_t fake_timer_alarm(void)
{
    return alarm_ns;
}

void fake_timer_ring(void)
{
    alarm_ns = TIMER_NEVER;
    alarm_handler(alarm_context);
}
