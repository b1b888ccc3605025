/* SPDX-License-Identifier: GPL-2.0-only
 * key = value, and arrays as values. */
#ifndef BULKHEAD_PLAN_CONFIG_PAIR_H
#define BULKHEAD_PLAN_CONFIG_PAIR_H

#include "plan/config_parser.h"

/* The statement at the parser's place, a key of p->table, to the end of its last line. False: it makes no sense from
 * where the parser is now, which is reported; a value that does is reported alone when it is refused. */
bool config_pair_read(struct config_parser *p);

#endif
