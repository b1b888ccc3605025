/* SPDX-License-Identifier: GPL-2.0-only
 * Pretended timer of the one CPU: it keeps its deadline and never fires. */
#include "kernel/core/timer.h"

static uint64_t deadline = TIMER_NEVER;

void timer_set_deadline(uint64_t ns)
{
    deadline = ns;
}

uint64_t timer_deadline(void)
{
    return deadline;
}
