/* SPDX-License-Identifier: GPL-2.0-only
 * The service guest's channel, made before the guests and told of each. */
#ifndef BULKHEAD_KERNEL_LAUNCH_SERVICE_H
#define BULKHEAD_KERNEL_LAUNCH_SERVICE_H

#include "kernel/launch_guests.h"
#include "service/channel.h"

/* *out NULL: the configuration has no service guest. guests: where the guests will be, by index. STATUS_NO_MEMORY. */
MUST_CHECK enum status launch_service_make(const struct launch_parts *parts, struct vm_owned *const *guests,
                                           struct channel **out);

/* Whatever was promised to the service guest, now and then, on any CPU. channel may be NULL. */
void launch_service_poll(struct channel *channel);

#endif
