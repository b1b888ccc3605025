/* SPDX-License-Identifier: GPL-2.0-only
 * The reader of "bulkhead-machine 1". */
#include "tools/bulkhead/dump_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bulkhead/dump_lines.h"

/* One line without its end. */
static bool parse_line(struct dump_reader *p, const char *line, size_t length)
{
    if (length >= DUMP_READER_LINE_SIZE || memchr(line, 0, length) != NULL) {
        return dump_reader_fail(p, "too long a line, or a NUL in it");
    }
    memcpy(p->copy, line, length);
    p->copy[length] = 0;
    for (char *c = p->copy; *c != 0; c++) {
        *c = (*c >= ' ' && *c <= '~') ? *c : '?';
    }
    bool indented = p->copy[0] == ' ';
    const char *first = p->copy + strspn(p->copy, " ");
    const char *rest = first + strcspn(first, " ");
    snprintf(p->rest, sizeof(p->rest), "%s", rest + (*rest == ' '));
    char *state = NULL;
    p->count = 0;
    for (char *word = strtok_r(p->copy, " ", &state); word != NULL; word = strtok_r(NULL, " ", &state)) {
        if (p->count == DUMP_READER_WORDS_MAX) {
            return dump_reader_fail(p, "too many words");
        }
        p->words[p->count++] = word;
    }
    if (p->count == 0 || p->words[0][0] == '#') {
        return true;
    }
    if (!indented) {
        return dump_lines_head(p);
    }
    return p->words[0][strlen(p->words[0]) - 1] == ':' ? dump_lines_row(p) : dump_lines_detail(p);
}

static int by_address(const void *a, const void *b)
{
    const struct dump_address *x = &((const struct dump_function *)a)->at;
    const struct dump_address *y = &((const struct dump_function *)b)->at;
    if (x->domain != y->domain) {
        return x->domain < y->domain ? -1 : 1;
    }
    return x->rid < y->rid ? -1 : x->rid > y->rid;
}

static bool sort_functions(struct dump_text *out)
{
    if (out->function_count == 0) {
        return true;
    }
    qsort(out->functions, out->function_count, sizeof(*out->functions), by_address);
    for (size_t i = 1; i < out->function_count; i++) {
        if (by_address(&out->functions[i - 1], &out->functions[i]) == 0) {
            return false;
        }
    }
    return true;
}

static bool parse_all(struct dump_reader *p, const char *text, size_t length)
{
    static const char magic[] = "bulkhead-machine 1\n";
    if (length < strlen(magic) || memcmp(text, magic, strlen(magic)) != 0) {
        p->line = 1;
        return dump_reader_fail(p, "not a dump of this version: it does not start with \"bulkhead-machine 1\"");
    }
    for (size_t at = 0; at < length;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t line = end != NULL ? (size_t)(end - text) - at : length - at;
        p->line++;
        if (p->line > 1 && !parse_line(p, text + at, line)) {
            return false;
        }
        at += line + 1;
    }
    if (!p->ended) {
        return dump_reader_fail(p, "cut short: the last line is not \"end\"");
    }
    return sort_functions(p->out) ? true : dump_reader_fail(p, "two functions have one address");
}

bool dump_text_parse(const char *text, size_t length, struct dump_text *out, char *why)
{
    static struct dump_reader p; /* large for a stack; one dump at a time */
    p = (struct dump_reader){.out = out};
    *out = (struct dump_text){0};
    if (parse_all(&p, text, length)) {
        return true;
    }
    snprintf(why, DUMP_TEXT_WHY_SIZE, "line %u: %s", p.line, p.error);
    dump_text_free(out);
    return false;
}

void dump_text_free(struct dump_text *dump)
{
    for (size_t i = 0; i < dump->table_count; i++) {
        free(dump->tables[i].bytes);
    }
    for (size_t i = 0; i < dump->function_count; i++) {
        free(dump->functions[i].config);
    }
    for (size_t i = 0; i < dump->missing_count; i++) {
        free(dump->missing[i]);
    }
    free(dump->mp_table);
    free(dump->tables);
    free(dump->functions);
    free(dump->missing);
    free(dump->units);
    free(dump->cpus);
    *dump = (struct dump_text){0};
}
