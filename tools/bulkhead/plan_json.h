/* SPDX-License-Identifier: GPL-2.0-only
 * A plan as JSON. */
#ifndef BULKHEAD_TOOLS_PLAN_JSON_H
#define BULKHEAD_TOOLS_PLAN_JSON_H

#include <stdio.h>

#include "tools/bulkhead/planner.h"

/* One object: accepted, guests when it is, diagnostics. */
void plan_json_print(const struct planner *p, const struct config *config, FILE *out);

#endif
