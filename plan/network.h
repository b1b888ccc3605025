/* SPDX-License-Identifier: GPL-2.0-only
 * The networks of a configuration as they will be: Ethernet addresses, MTU, and who is on them. Pure. */
#ifndef BULKHEAD_PLAN_NETWORK_H
#define BULKHEAD_PLAN_NETWORK_H

#include "plan/config.h"

#define NETWORK_MTU 1500u
#define NETWORK_MAC_TEXT_SIZE 18 /* "52:54:00:12:34:56" and a NUL */

/* Of a network's index-th guest: as given, or the first six bytes of the SHA-256 of "NETWORK/GUEST", unicast and
 * locally administered. Its first byte is 47:40. */
uint64_t network_mac(const struct config_network *network, size_t index);

unsigned network_mtu(const struct config_network *network);

/* How many networks that stand before `network` in the file the guest is on: its first one has number 0. */
size_t network_number(const struct config *config, const struct config_network *network, const char *guest);

/* "52:54:00:12:34:56" (hex digits of either case), unicast and not all 0; else false. */
bool network_mac_parse(const char *text, uint64_t *mac);
char *network_mac_text(uint64_t mac, char text[NETWORK_MAC_TEXT_SIZE]);

#endif
