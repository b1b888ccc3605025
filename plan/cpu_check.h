/* SPDX-License-Identifier: GPL-2.0-only
 * Which guests may have which CPUs: every one its own, but where both sides say `share = true`. Pure. */
#ifndef BULKHEAD_PLAN_CPU_CHECK_H
#define BULKHEAD_PLAN_CPU_CHECK_H

#include "kernel/lib/diag.h"
#include "plan/config.h"

#define CPU_CHECK_VCPUS_MAX 64 /* on one CPU; as guest/run_queue.h */

/* Codes of the range of kernel/launch.h. */
enum cpu_check_diag {
    CPU_CHECK_NO_CPU = 700,   /* a CPU that this machine does not have */
    CPU_CHECK_TAKEN = 701,    /* a CPU that another guest has, and not both share theirs */
    CPU_CHECK_CROWD = 715,    /* too many virtual CPUs on one CPU */
    CPU_CHECK_SIBLINGS = 716, /* two guests on the threads of one core */
};

struct cpu_check_facts {
    unsigned cpu_count;
    const uint32_t *cores; /* of each CPU, which core it is a thread of */
};

/* All guests; a sound configuration. Errors, and warnings, are added to diags; file is the name shown there. */
void cpu_check(const struct config *config, const char *file, const struct cpu_check_facts *facts,
               struct diag_list *diags);

#endif
