/* SPDX-License-Identifier: GPL-2.0-only
 * Taking a guest's RAM from the machine and showing it to its vCPUs. */
#ifndef BULKHEAD_GUEST_VM_MEMORY_H
#define BULKHEAD_GUEST_VM_MEMORY_H

#include "guest/memory.h"
#include "guest/share_tables.h"
#include "kernel/core/vcpu.h"
#include "plan/plan.h"

/* Take the blocks that the plan gives it, in the order in which the guest sees them. They hold what was there before:
 * vm_create() scrubs. STATUS_CONFLICT: one of them is not free; STATUS_OUT_OF_RANGE: not multiples of 2 MiB, across the
 * hole, or too many. On failure nothing is kept. */
MUST_CHECK enum status vm_memory_take(struct guest_memory *memory, const struct plan_block *blocks, size_t count);

void vm_memory_scrub(const struct guest_memory *memory);
/* `bytes` of it alone (or what there is), from byte number `from` on, counted through all slots. */
void vm_memory_scrub_part(const struct guest_memory *memory, uint64_t from, uint64_t bytes);

/* Nested tables that show exactly this RAM: write-back, executable. */
MUST_CHECK enum status vm_memory_map(const struct guest_memory *memory, struct radix *nested,
                                     const struct radix_format *format, const struct share_decision *how);

#define VM_MEMORY_LEVELS 4u /* of nested tables */

/* First address after the RAM below the hole. */
uint64_t vm_memory_low_end(const struct guest_memory *memory);

#endif
