/* SPDX-License-Identifier: GPL-2.0-only
 * Diagnostics with the line they mean and a caret under the place. */
#include "tools/bulkhead/diag_show.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/lib/types.h"
#include "tools/bulkhead/utf8.h"

#define SHOWN_MAX 100 /* characters of a long line */
#define LINE_SIZE (DIAG_WHERE_SIZE + 2 * DIAG_TEXT_SIZE + 64)

struct place {
    unsigned long line, column;
};

/* "guests.toml:12:9", of exactly that name (a long one is cut there, and not shown). */
static bool find_place(const struct diag *d, const struct diag_source *source, struct place *out)
{
    size_t name = source->name != NULL ? strlen(source->name) : 0;
    char *end = NULL;
    if (name == 0 || strncmp(d->where, source->name, name) != 0 || d->where[name] != ':') {
        return false;
    }
    out->line = strtoul(d->where + name + 1, &end, 10);
    if (*end != ':') {
        return false;
    }
    out->column = strtoul(end + 1, &end, 10);
    return *end == 0 && out->line != 0 && out->column != 0;
}

/* The n-th line, from 1; its length without the end. NULL: the text has none. */
static const char *find_line(const struct diag_source *source, unsigned long n, size_t *length)
{
    const char *at = source->text;
    const char *end = source->text + source->length;
    for (; n > 1 && at != NULL; n--) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at != NULL ? at + 1 : NULL;
    }
    if (at == NULL) {
        return NULL;
    }
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    *length = (size_t)((stop != NULL ? stop : end) - at);
    return at;
}

/* A byte inside of a character, UTF-8. */
static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Where the `count`-th character begins, at most at `length`. */
static size_t skip_characters(const char *line, size_t length, unsigned long count)
{
    size_t at = 0;
    while (at < length && count > 0) {
        at++;
        count -= at == length || !continues(line[at]);
    }
    return at;
}

/* Control characters would move the caret, or worse; what is no UTF-8 would be no text. */
static void put_line(const char *line, size_t length, FILE *out)
{
    for (size_t i = 0; i < length;) {
        unsigned char character[5] = {0};
        for (size_t k = 0; k < 4 && i + k < length; k++) {
            character[k] = (unsigned char)line[i + k];
        }
        size_t wide = utf8_bytes(character);
        bool control = character[0] < ' ' || character[0] == 0x7f;
        if (wide != 0) {
            fwrite(character, 1, wide, out);
        } else {
            fputc(control ? ' ' : character[0] < 0x80 ? character[0] : '?', out);
        }
        i += wide != 0 ? wide : 1;
    }
}

static void show_place(const struct diag_source *source, struct place place, FILE *out)
{
    size_t length = 0;
    const char *line = find_line(source, place.line, &length);
    if (line == NULL) {
        return;
    }
    unsigned long skipped = place.column > SHOWN_MAX ? place.column - SHOWN_MAX / 2 : 0;
    size_t from = skip_characters(line, length, skipped);
    size_t shown = skip_characters(line + from, length - from, SHOWN_MAX);
    fprintf(out, "%5lu | %s", place.line, skipped != 0 ? "..." : "");
    put_line(line + from, shown, out);
    fprintf(out, "%s\n      | %*s^\n", from + shown < length ? "..." : "",
            (int)(place.column - 1 - skipped + (skipped != 0 ? 3 : 0)), "");
}

void diag_show(const struct diag_list *list, const struct diag_source *source, FILE *out)
{
    for (size_t i = 0; i < list->count; i++) {
        char line[LINE_SIZE];
        struct place place;
        diag_line(&list->items[i], line, sizeof(line));
        fprintf(out, "%s\n", line);
        if (source != NULL && find_place(&list->items[i], source, &place)) {
            show_place(source, place, out);
        }
    }
    if (list->dropped != 0) {
        fprintf(out, "%zu more are not shown\n", list->dropped);
    }
}
