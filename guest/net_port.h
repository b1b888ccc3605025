/* SPDX-License-Identifier: GPL-2.0-only
 * What the files of a network share about its ports. */
#ifndef BULKHEAD_GUEST_NET_PORT_H
#define BULKHEAD_GUEST_NET_PORT_H

#include "guest/net_link.h"

/* All ports of its link but this one, a bit each. */
uint64_t net_port_others(const struct net_port *port);

/* Does it get frames at all? */
bool net_port_is_reachable(const struct net_port *port);

#endif
