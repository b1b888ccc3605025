/* SPDX-License-Identifier: GPL-2.0-only
 * Tables: widths first, then rows. */
#include "tools/bulkheadd/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2

static void put_mib(struct text *out, uint64_t mib)
{
    bool whole = mib != 0 && mib % 1024 == 0;
    text_put(out, whole ? "%" PRIu64 "GiB" : "%" PRIu64 "MiB", whole ? mib / 1024 : mib);
}

static bool as_number(const struct jtree_node *value, uint64_t *out)
{
    bool digits = value->type == JTREE_NUMBER && value->text[strspn(value->text, "0123456789")] == 0;
    *out = digits ? strtoull(value->text, NULL, 10) : 0;
    return digits;
}

static void put_list(struct text *out, const struct jtree_node *list)
{
    for (const struct jtree_node *item = list->child; item != NULL; item = item->next) {
        text_put(out, "%s", item == list->child ? "" : ",");
        text_clean(out, item->text != NULL ? item->text : "?");
    }
    if (list->child == NULL) {
        text_put(out, "-");
    }
}

void table_cell(struct text *out, const struct jtree_node *value, enum table_kind kind)
{
    uint64_t number = 0;
    if (value == NULL || value->type == JTREE_NULL || (value->type == JTREE_STRING && value->text[0] == 0)) {
        text_put(out, "-");
    } else if (value->type == JTREE_LIST) {
        put_list(out, value);
    } else if (value->type == JTREE_OBJECT) {
        text_put(out, "{...}");
    } else if (value->type == JTREE_BOOL) {
        text_put(out, value->text[0] == 't' ? "yes" : "no");
    } else if (kind == TABLE_MIB && as_number(value, &number)) {
        put_mib(out, number);
    } else if (kind == TABLE_SECONDS && as_number(value, &number)) {
        text_put(out, "%" PRIu64 ".%06" PRIu64, number / 1000000000, number % 1000000000 / 1000);
    } else {
        text_clean(out, value->text);
    }
}

const char *table_colour(const char *word)
{
    static const struct {
        const char *word, *code;
    } colours[] = {
        {"running", "\033[32m"}, {"up", "\033[32m"},         {"stopping", "\033[33m"}, {"open", "\033[32m"},
        {"paused", "\033[33m"},  {"warning", "\033[33m"},    {"starting", "\033[33m"}, {"stopped", "\033[33m"},
        {"crashed", "\033[31m"}, {"error", "\033[31m"},      {"cut", "\033[31m"},      {"closed", "\033[31m"},
        {"refused", "\033[31m"}, {"critical", "\033[1;31m"},
    };
    for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++) {
        if (strcmp(colours[i].word, word) == 0) {
            return colours[i].code;
        }
    }
    return "";
}

/* The cell of a row. */
static void put_row_cell(struct text *out, const struct jtree_node *row, const struct table_column *column)
{
    table_cell(out, jtree_get(row, column->member), column->kind);
    if (column->kind == TABLE_AT_LEAST && jtree_is_true(row, "lower-bound")) {
        text_put(out, "+");
    }
}

static bool is_right(enum table_kind kind)
{
    return kind == TABLE_NUMBER || kind == TABLE_MIB || kind == TABLE_AT_LEAST || kind == TABLE_SECONDS;
}

/* 0: no row has it. */
static size_t width_of(const struct jtree_node *rows, const struct table_column *column)
{
    size_t width = 0;
    for (const struct jtree_node *row = rows; row != NULL; row = row->next) {
        struct text cell = {0};
        if (jtree_get(row, column->member) != NULL) {
            put_row_cell(&cell, row, column);
            size_t columns = text_columns(cell.bytes);
            width = columns > width ? columns : width;
        }
        text_free(&cell);
    }
    size_t heading = strlen(column->heading);
    return width != 0 && heading > width ? heading : width;
}

/* Spaces at a line's end are left out: they are put before the next cell. */
static void put_cell(struct text *out, const char *cell, size_t width, bool right, const char *colour, size_t *pending)
{
    size_t pad = width - text_columns(cell);
    *pending += right ? pad : 0;
    text_put(out, "%*s%s%s%s", (int)*pending, "", colour, cell, colour[0] != 0 ? TABLE_PLAIN : "");
    *pending = GAP + (right ? 0 : pad);
}

void table_write(struct text *out, const struct jtree_node *rows, const struct table_column *columns, size_t count,
                 bool colour)
{
    size_t widths[TABLE_COLUMNS_MAX];
    size_t pending = 0;
    for (size_t i = 0; i < count; i++) {
        widths[i] = width_of(rows, &columns[i]);
        if (widths[i] != 0) {
            put_cell(out, columns[i].heading, widths[i], is_right(columns[i].kind), colour ? TABLE_BOLD : "", &pending);
        }
    }
    text_put(out, "\n");
    for (const struct jtree_node *row = rows; row != NULL; row = row->next) {
        pending = 0;
        for (size_t i = 0; i < count; i++) {
            struct text cell = {0};
            put_row_cell(&cell, row, &columns[i]);
            bool coloured = colour && columns[i].kind == TABLE_STATE;
            if (widths[i] != 0) {
                put_cell(out, cell.bytes, widths[i], is_right(columns[i].kind),
                         coloured ? table_colour(cell.bytes) : "", &pending);
            }
            text_free(&cell);
        }
        text_put(out, "\n");
    }
}
