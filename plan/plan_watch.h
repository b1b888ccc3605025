/* SPDX-License-Identifier: GPL-2.0-only
 * What guests watch (docs/integrity.md) must be memory that they have. Pure. */
#ifndef BULKHEAD_PLAN_PLAN_WATCH_H
#define BULKHEAD_PLAN_PLAN_WATCH_H

#include "plan/plan.h"

/* Codes of the range BH0700 to BH0799. */
enum plan_watch_diag {
    PLAN_WATCH_NOT_RAM = 760, /* some of a watched range is not the guest's memory */
};

/* A diagnostic for each range that is not. */
void plan_watch(const struct plan_facts *facts, const struct config *config, const char *file, struct diag_list *diags);

/* Bytes of page tables that watching page by page takes. */
uint64_t plan_watch_tables(const struct config_guest *guest);

#endif
