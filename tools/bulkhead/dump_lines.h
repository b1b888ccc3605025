/* SPDX-License-Identifier: GPL-2.0-only
 * Every kind of line in a dump, by its first word (docs/dump-format.md). */
#ifndef BULKHEAD_TOOLS_DUMP_LINES_H
#define BULKHEAD_TOOLS_DUMP_LINES_H

#include "tools/bulkhead/dump_reader.h"

/* Each reads the words of one line, at least one, into p->out. False: it failed. */

/* A line that starts something; words that nobody knows are no error. */
bool dump_lines_head(struct dump_reader *p);
/* A line below a function: " KEY VALUE". */
bool dump_lines_detail(struct dump_reader *p);
/* " 040: 01 02 ...": bytes from that offset on, of the table or function last named. */
bool dump_lines_row(struct dump_reader *p);

#endif
