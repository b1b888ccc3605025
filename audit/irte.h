/* SPDX-License-Identifier: GPL-2.0-only
 * Entries of a unit's interrupt remapping table (VT-d 4.1 9.9, 9.10): who may use each, and whom it interrupts. */
#ifndef BULKHEAD_AUDIT_IRTE_H
#define BULKHEAD_AUDIT_IRTE_H

#include "audit/state.h"
#include "audit/unit.h"

/* Every present entry; those of other owners are passed over unless s->scope is AUDIT_ALL. */
void audit_irte_check(struct audit_state *s, const struct audit_unit_state *u);

#endif
