/* SPDX-License-Identifier: GPL-2.0-only
 * From the plan to guests that are made and wait to run. */
#ifndef BULKHEAD_KERNEL_LAUNCH_GUESTS_H
#define BULKHEAD_KERNEL_LAUNCH_GUESTS_H

#include "boot/boot_info.h"
#include "guest/vm_create.h"
#include "kernel/isolate.h"
#include "kernel/launch_network.h"
#include "plan/plan.h"

struct channel;
struct pf_lease;

/* What guests are made from; all of it lives on. */
struct launch_parts {
    const struct boot_info *boot;
    struct machine *machine;
    struct isolate *isolate;
    const struct config *config;
    const char *file;
    const struct plan *plan;
    const struct cpu_backend *backend;
    uint32_t without; /* features to leave unused */
    struct vm_roster *roster;
    struct launch_network *network;
    struct pf_lease *leases; /* as machine->sriov.pfs */
    struct channel *service; /* NULL: there is no service guest */
    struct arena *arena;
    struct diag_list *diags;
};

/* Take every guest's RAM, before anything else takes memory: memory[] as config->guests, in the arena.
 * STATUS_CONFLICT would be a bug: the plan gives only what is free. */
MUST_CHECK enum status launch_guests_take(const struct launch_parts *parts, struct guest_memory **memory);

/* Make all guests, out[] as config->guests: first all but their devices, then the devices of all together, for their
 * resets take time. STATUS_UNSUPPORTED, STATUS_NO_MEMORY: why is in diags, of every guest whose devices are the cause.
 */
MUST_CHECK enum status launch_guests_make(const struct launch_parts *parts, const struct guest_memory *memory,
                                          struct vm_owned **out);

#endif
