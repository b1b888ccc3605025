/* SPDX-License-Identifier: GPL-2.0-only
 * Faults while guests run: whose device it was, what is known about the address, and what the policy orders. */
#ifndef BULKHEAD_KERNEL_LAUNCH_FAULTS_H
#define BULKHEAD_KERNEL_LAUNCH_FAULTS_H

#include "guest/vm_create.h"
#include "kernel/isolate.h"
#include "kernel/lib/arena.h"
#include "plan/plan.h"

struct launch_faults_parts {
    const struct machine *machine;
    struct isolate *isolate;
    const struct config *config;
    const struct plan *plan;
    struct vm_owned *const *guests; /* made; as in the plan */
    struct arena *arena;
};

/* All guests are made and none runs yet: from now on faults are told and acted on. STATUS_NO_MEMORY. */
MUST_CHECK enum status launch_faults_start(const struct launch_faults_parts *parts);

/* Records of that source so far; any CPU. *lower_bound: there may have been more. */
uint64_t launch_faults_count(struct sbdf source, bool *lower_bound);

#endif
