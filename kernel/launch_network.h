/* SPDX-License-Identifier: GPL-2.0-only
 * Making the networks between guests from the configuration. */
#ifndef BULKHEAD_KERNEL_LAUNCH_NETWORK_H
#define BULKHEAD_KERNEL_LAUNCH_NETWORK_H

#include "guest/vm_create.h"
#include "kernel/lib/arena.h"
#include "plan/config.h"

struct launch_network {
    const struct config *config;
    struct net_link *links; /* as config->networks */
    size_t count;
};

/* The links, without guests. STATUS_NO_MEMORY. */
MUST_CHECK enum status launch_network_make(struct launch_network *network, const struct config *config,
                                           struct arena *arena);

/* networks of the guest's request. STATUS_NO_MEMORY. */
MUST_CHECK enum status launch_network_fill(const struct launch_network *network, const char *guest, struct arena *arena,
                                           struct vm_request *request);

#endif
