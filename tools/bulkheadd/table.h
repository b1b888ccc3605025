/* SPDX-License-Identifier: GPL-2.0-only
 * Aligned tables for people, of rows that are JSON objects; a column that no row has is left out. */
#ifndef BULKHEAD_AGENT_TABLE_H
#define BULKHEAD_AGENT_TABLE_H

#include "tools/bulkheadd/jtree.h"

#define TABLE_COLUMNS_MAX 12

enum table_kind {
    TABLE_TEXT,     /* as it stands; a list is joined by commas */
    TABLE_NUMBER,   /* to the right */
    TABLE_MIB,      /* a number of MiB as MiB or GiB */
    TABLE_AT_LEAST, /* a number, with a + where the row's "lower-bound" is true */
    TABLE_SECONDS,  /* of nanoseconds */
    TABLE_STATE,    /* a word with a colour of its own */
};

struct table_column {
    const char *member, *heading;
    enum table_kind kind;
};

/* rows: the first of the items. count at most TABLE_COLUMNS_MAX. */
void table_write(struct text *out, const struct jtree_node *rows, const struct table_column *columns, size_t count,
                 bool colour);

/* One cell's text. value NULL: "-". */
void table_cell(struct text *out, const struct jtree_node *value, enum table_kind kind);

/* The escape sequence that a state or severity begins with ("" for words without); TABLE_PLAIN ends it. */
const char *table_colour(const char *word);
#define TABLE_PLAIN "\033[0m"
#define TABLE_BOLD "\033[1m"

#endif
