/* SPDX-License-Identifier: GPL-2.0-only
 * Which guests may have which CPUs: every one its own, but where both sides say `share = true`; every core its
 * own, but where both say `share-core = true`. Pure. */
#ifndef BULKHEAD_PLAN_CPU_CHECK_H
#define BULKHEAD_PLAN_CPU_CHECK_H

#include "kernel/lib/diag.h"
#include "plan/plan.h"

#define CPU_CHECK_VCPUS_MAX 64 /* on one CPU; as guest/run_queue.h */

/* Codes of the range of kernel/launch.h. */
enum cpu_check_diag {
    CPU_CHECK_NO_CPU = 700,   /* a CPU that this machine does not have */
    CPU_CHECK_TAKEN = 701,    /* a CPU that another guest has, and not both share theirs */
    CPU_CHECK_CROWD = 715,    /* too many virtual CPUs on one CPU */
    CPU_CHECK_SIBLINGS = 716, /* two guests on the threads of one core, and not both share theirs */
    CPU_CHECK_CORE = 717,     /* two guests share a core, as both say: a warning */
    CPU_CHECK_MOST = 721,     /* more virtual CPUs than a guest can have */
};

/* All guests; a sound configuration. Errors, and warnings, are added to diags; file is the name shown there. Of the
 * facts, cpus and limits.cpus_max count. */
void cpu_check(const struct plan_facts *facts, const struct config *config, const char *file, struct diag_list *diags);

#endif
