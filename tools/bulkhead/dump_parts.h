/* SPDX-License-Identifier: GPL-2.0-only
 * The parts of a dump, one file each. */
#ifndef BULKHEAD_TOOLS_DUMP_PARTS_H
#define BULKHEAD_TOOLS_DUMP_PARTS_H

#include <stdio.h>

#include "tools/bulkhead/host_tree.h"

struct dump_part {
    const struct host_tree *tree;
    FILE *out;
    FILE *complaints; /* or NULL */
    size_t missing;   /* lines "missing ..." so far */
};

/* One line "missing WHAT: why". */
void dump_missing(struct dump_part *part, const char *what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Rows of " OFFSET: XX XX ...", up to 32 bytes each; rows of zeros are left out. */
void dump_bytes(struct dump_part *part, const uint8_t *bytes, size_t length);

void dump_acpi(struct dump_part *part);
void dump_memory(struct dump_part *part);
void dump_mtrrs(struct dump_part *part);
void dump_mp_table(struct dump_part *part);
void dump_cpus(struct dump_part *part);
void dump_units(struct dump_part *part);
void dump_pci(struct dump_part *part);

#endif
