/* SPDX-License-Identifier: GPL-2.0-only
 * What the planner asks of this machine beyond firmware's tables and PCI functions: CPUs, free memory, what remaps
 * interrupts, the console. */
#ifndef BULKHEAD_KERNEL_PLAN_FACTS_H
#define BULKHEAD_KERNEL_PLAN_FACTS_H

#include "kernel/isolate.h"
#include "plan/plan.h"

/* As it is now: no memory may be allocated between this and taking what the plan says. Arrays go into the arena.
 * STATUS_NO_MEMORY. */
MUST_CHECK enum status plan_facts_read(const struct machine *machine, const struct isolate *isolate,
                                       struct arena *arena, struct plan_facts *out);

#endif
