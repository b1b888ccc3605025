/* SPDX-License-Identifier: GPL-2.0-only
 * Diagnostics in the order of the file, whichever rule found them first. */
#ifndef BULKHEAD_PLAN_PLAN_ORDER_H
#define BULKHEAD_PLAN_PLAN_ORDER_H

#include "kernel/lib/diag.h"

/* Sort list's items from `first` on by the line and column at the end of their `where`; those without come first. What
 * has one place stays in the order in which it was added. */
void plan_order_diags(struct diag_list *list, size_t first);

#endif
