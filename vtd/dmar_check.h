/* SPDX-License-Identifier: GPL-2.0-only
 * Faults of a DMAR table that show only when its structures are compared; for vtd/dmar.c only. */
#ifndef BULKHEAD_VTD_DMAR_CHECK_H
#define BULKHEAD_VTD_DMAR_CHECK_H

#include "vtd/dmar.h"

/* Fill in what depends on other structures (dmar_unit.same_as) and report every contradiction. */
void dmar_check(struct dmar *dmar, struct diag_list *diags);

#endif
