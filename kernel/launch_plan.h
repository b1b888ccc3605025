/* SPDX-License-Identifier: GPL-2.0-only
 * The configuration read and planned with, before any guest is made. */
#ifndef BULKHEAD_KERNEL_LAUNCH_PLAN_H
#define BULKHEAD_KERNEL_LAUNCH_PLAN_H

#include "boot/boot_info.h"
#include "kernel/isolate.h"
#include "kernel/launch_modules.h"
#include "kernel/lib/sha256.h"
#include "plan/plan.h"

struct launch_plan {
    struct config config;
    char file[LAUNCH_NAME_SIZE];
    char sha256[SHA256_TEXT_SIZE]; /* of the configuration, in hex */
    struct arena arena;
    struct plan_facts facts;
    struct plan plan;
    uint32_t without; /* features to leave unused */
};

/* Read the configuration, use the console that it names, and plan. The log has the inventory, where it is asked for,
 * and the plan. STATUS_UNSUPPORTED: refused, every reason is in diags. STATUS_NO_MEMORY. */
MUST_CHECK enum status launch_plan_make(const struct boot_info *boot, const struct machine *machine,
                                        const struct isolate *isolate, struct launch_plan *out,
                                        struct diag_list *diags);

#endif
