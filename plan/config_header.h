/* SPDX-License-Identifier: GPL-2.0-only
 * The header of a table: [system], [guest.NAME], [device."ADDRESS-OR-ID"], [network.NAME]. */
#ifndef BULKHEAD_PLAN_CONFIG_HEADER_H
#define BULKHEAD_PLAN_CONFIG_HEADER_H

#include "plan/config_parser.h"

/* The header at the parser's place, to the end of its line: what follows fills that table (p->table, p->object), or
 * nothing (NULL) when it is refused. False: the line makes no sense, which is reported. */
bool config_header_read(struct config_parser *p);

#endif
