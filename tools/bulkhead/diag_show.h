/* SPDX-License-Identifier: GPL-2.0-only
 * Diagnostics for people: the hypervisor's line, and below it the place in the configuration that it names. */
#ifndef BULKHEAD_TOOLS_DIAG_SHOW_H
#define BULKHEAD_TOOLS_DIAG_SHOW_H

#include <stdio.h>

#include "kernel/lib/diag.h"

/* A text whose lines diagnostics name as "NAME:LINE:COLUMN"; name NULL: none. */
struct diag_source {
    const char *name;
    const char *text;
    size_t length;
};

/* All of the list, then "N more are not shown" when some were dropped. */
void diag_show(const struct diag_list *list, const struct diag_source *source, FILE *out);

#endif
