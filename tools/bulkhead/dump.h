/* SPDX-License-Identifier: GPL-2.0-only
 * This machine's facts as text "bulkhead-machine 1" (docs/dump-format.md), from what Linux shows in /sys and /proc. */
#ifndef BULKHEAD_TOOLS_DUMP_H
#define BULKHEAD_TOOLS_DUMP_H

#include <stdio.h>

#include "tools/bulkhead/host_tree.h"

/* Write everything that can be read. What cannot is said in the text ("missing WHAT: why") and, line by line, on
 * `complaints` unless that is NULL. Returns the number of such lines. */
size_t dump_write(const struct host_tree *tree, FILE *out, FILE *complaints);

#endif
