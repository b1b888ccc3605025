/* SPDX-License-Identifier: GPL-2.0-only
 * The hypervisor's planner over a loaded machine: what it would do with a configuration at boot. */
#ifndef BULKHEAD_TOOLS_PLANNER_H
#define BULKHEAD_TOOLS_PLANNER_H

#include "tools/bulkhead/machine_load.h"

#define PLANNER_DIAGS_MAX 1024

struct planner {
    struct plan_facts facts; /* the machine's, with console and limits */
    struct plan plan;        /* of use when status is STATUS_OK */
    enum status status;      /* STATUS_UNSUPPORTED: refused, why is in diags */
    struct diag_list diags;
    struct diag *items;
    void *space;
};

/* Always to be freed. A machine that the hypervisor refuses as a whole is refused here with the same diagnostic.
 * before: what was wrong with the configuration already; it is among the diagnostics then, in the order of the file. */
void planner_make(struct planner *p, const struct machine_load *load, const struct config *config, const char *file,
                  const struct diag_list *before);

/* The same with the virtual functions that the configuration asks for, which load has then (tools/bulkhead/load_vfs.h);
 * when they cannot be, that is what is refused. before may be added to. */
void planner_make_all(struct planner *p, struct machine_load *load, const struct config *config, const char *file,
                      struct diag_list *before);
void planner_free(struct planner *p);

#endif
