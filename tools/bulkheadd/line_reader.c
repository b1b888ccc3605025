/* SPDX-License-Identifier: GPL-2.0-only
 * Bytes cut into lines. */
#include "tools/bulkheadd/line_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE ((size_t)4 << 10)

static void grow(struct line_reader *r)
{
    size_t size = r->size != 0 ? r->size * 2 : FIRST_SIZE;
    char *bytes = realloc(r->bytes, size);
    if (bytes == NULL) {
        fputs("bulkheadd: no memory\n", stderr);
        exit(3);
    }
    r->bytes = bytes;
    r->size = size;
}

char *line_reader_room(struct line_reader *r, size_t *room)
{
    if (r->taken != 0) {
        memmove(r->bytes, r->bytes + r->taken, r->length - r->taken);
        r->length -= r->taken;
        r->taken = 0;
    }
    if (r->length == r->size && r->size < LINE_READER_MOST) {
        grow(r);
    } else if (r->length == r->size) {
        r->too_long += !r->skipping;
        r->skipping = true;
        r->length = 0;
    }
    *room = r->size - r->length;
    return r->bytes + r->length;
}

void line_reader_filled(struct line_reader *r, size_t count)
{
    r->length += count;
}

char *line_reader_take(struct line_reader *r, size_t *length)
{
    while (r->taken < r->length) {
        char *line = r->bytes + r->taken;
        char *end = memchr(line, '\n', r->length - r->taken);
        if (end == NULL) {
            return NULL;
        }
        r->taken += (size_t)(end - line) + 1;
        *end = 0;
        *length = (size_t)(end - line);
        if (!r->skipping) {
            return line;
        }
        r->skipping = false;
    }
    return NULL;
}

void line_reader_reset(struct line_reader *r)
{
    r->length = 0;
    r->taken = 0;
    r->skipping = false;
}

void line_reader_free(struct line_reader *r)
{
    free(r->bytes);
    *r = (struct line_reader){0};
}
