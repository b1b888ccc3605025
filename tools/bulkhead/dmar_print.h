/* SPDX-License-Identifier: GPL-2.0-only
 * A decoded DMAR table as JSON and as text. */
#ifndef BULKHEAD_TOOLS_DMAR_PRINT_H
#define BULKHEAD_TOOLS_DMAR_PRINT_H

#include <stdio.h>

#include "vtd/dmar.h"

/* The table and where it came from. */
struct dmar_file {
    const char *name; /* file name without .aml */
    const uint8_t *bytes;
    size_t length;
    struct dmar dmar;
    struct diag_list diags;
};

/* The shape of the data set that the tests compare with: one object a table, one a structure, one a device scope. */
void dmar_print_json(const struct dmar_file *file, FILE *out);

/* One line a structure, one a device scope, then the diagnostics and the verdict. */
void dmar_print_text(const struct dmar_file *file, FILE *out);

#endif
