/* SPDX-License-Identifier: GPL-2.0-only
 * The CPUs' stacks, each with an unmapped guard below it. */
#ifndef BULKHEAD_CORE_STACK_H
#define BULKHEAD_CORE_STACK_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* Allocate and map the stacks of one CPU and enter its IST stacks into its TSS. Needs paging_init. */
MUST_CHECK enum status stack_init(unsigned cpu);

/* End of the CPU's normal stack. */
void *stack_top(unsigned cpu);

#endif
