/* SPDX-License-Identifier: GPL-2.0-only
 * The configuration read and planned with, before any guest is made. */
#ifndef BULKHEAD_KERNEL_LAUNCH_PLAN_H
#define BULKHEAD_KERNEL_LAUNCH_PLAN_H

#include "boot/boot_info.h"
#include "kernel/isolate.h"
#include "kernel/launch_modules.h"
#include "kernel/lib/sha256.h"
#include "plan/plan.h"

#define LAUNCH_PLAN_DIAGS_MAX 256

struct launch_plan {
    struct config config;
    enum status read;       /* what launch_plan_read() came to; STATUS_NOT_FOUND: no configuration */
    struct diag_list found; /* what it and launch_plan_enable_vfs() found wrong */
    struct diag found_items[LAUNCH_PLAN_DIAGS_MAX];
    char file[LAUNCH_NAME_SIZE];
    char sha256[SHA256_TEXT_SIZE]; /* of the configuration, in hex */
    struct arena arena;
    struct plan_facts facts;
    struct plan plan;
    uint32_t without; /* features to leave unused */
};

/* Read the configuration, without doing anything of what it says: what is wrong is told by launch_plan_make(). */
void launch_plan_read(const struct boot_info *boot, struct launch_plan *out);

/* Switch on the virtual functions that a sound configuration asks for, and put them among the machine's functions:
 * before groups are made. What is wrong is told by launch_plan_make(); no VF is on then. */
void launch_plan_enable_vfs(struct launch_plan *plan, struct machine *machine, struct arena *arena);

/* Use the console that the configuration names, and plan. The log has the inventory, where it is asked for, and the
 * plan. STATUS_UNSUPPORTED: refused, every reason is in diags. STATUS_NO_MEMORY. */
MUST_CHECK enum status launch_plan_make(const struct boot_info *boot, const struct machine *machine,
                                        const struct isolate *isolate, struct launch_plan *out,
                                        struct diag_list *diags);

#endif
