/* SPDX-License-Identifier: GPL-2.0-only
 * The lists that the hypervisor answers, and how a table shows each. */
#ifndef BULKHEAD_AGENT_LISTS_H
#define BULKHEAD_AGENT_LISTS_H

#include "tools/bulkheadd/table.h"

struct list {
    const char *command;
    const char *rows; /* the answer's member with the rows */
    const char *none; /* what to say when there is no row */
    size_t count;
    struct table_column columns[TABLE_COLUMNS_MAX];
};

/* command: "guests", "devices", "networks", "faults"; NULL for others. */
const struct list *list_find(const char *command);

#endif
