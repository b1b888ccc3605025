/* SPDX-License-Identifier: GPL-2.0-only
 * Root and context tables of a unit in legacy mode (VT-d 4.1 9.1, 9.3): which source id leads to which table. */
#ifndef BULKHEAD_AUDIT_CONTEXT_H
#define BULKHEAD_AUDIT_CONTEXT_H

#include "audit/state.h"
#include "audit/unit.h"

/* All source ids of the unit when s->scope is AUDIT_ALL, else those of the owner alone. Tables that entries lead to are
 * added to s->trees. */
void audit_context_check(struct audit_state *s, const struct audit_unit_state *u);

#endif
