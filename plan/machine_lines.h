/* SPDX-License-Identifier: GPL-2.0-only
 * Which global system interrupt each function's INTx# is, as firmware's MP table says. */
#ifndef BULKHEAD_PLAN_MACHINE_LINES_H
#define BULKHEAD_PLAN_MACHINE_LINES_H

#include "drivers/mp_table.h"
#include "plan/machine.h"

/* By function's index: the GSI, or PLAN_NO_GSI (plan/plan.h) for one without a pin or that the table does not know. A
 * line behind a bridge that the table does not name is followed upwards (PCI-to-PCI Bridge 1.2, 9.1). NULL: arena full.
 * Pure. */
const uint32_t *machine_lines_by(const struct machine *m, const struct mp_table *table, struct arena *arena);

/* The same by this machine's table; NULL: it has none that is sound. */
const uint32_t *machine_lines_read(const struct machine *m, struct arena *arena);

#endif
