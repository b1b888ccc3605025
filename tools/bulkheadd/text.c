/* SPDX-License-Identifier: GPL-2.0-only
 * A text that grows. */
#include "tools/bulkheadd/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bulkhead/utf8.h"

#define FIRST_SIZE 256

static void no_memory(void)
{
    fputs("bulkheadd: no memory\n", stderr);
    exit(3);
}

static void make_room(struct text *t, size_t count)
{
    size_t size = t->size != 0 ? t->size : FIRST_SIZE;
    while (size - t->length <= count) {
        size *= 2;
    }
    if (size != t->size) {
        char *bytes = realloc(t->bytes, size);
        if (bytes == NULL) {
            no_memory();
        }
        t->bytes = bytes;
        t->size = size;
    }
}

void text_bytes(struct text *t, const char *bytes, size_t count)
{
    make_room(t, count);
    memcpy(t->bytes + t->length, bytes, count);
    t->length += count;
    t->bytes[t->length] = 0;
}

void text_put(struct text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int count = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    make_room(t, (size_t)count);
    va_start(args, fmt);
    vsnprintf(t->bytes + t->length, (size_t)count + 1, fmt, args);
    va_end(args);
    t->length += (size_t)count;
}

void text_json(struct text *t, const char *string)
{
    text_bytes(t, "\"", 1);
    for (const unsigned char *c = (const unsigned char *)string; *c != 0; c++) {
        size_t wide = *c >= 0x80 ? utf8_bytes(c) : 0;
        if (*c == '"' || *c == '\\') {
            text_put(t, "\\%c", *c);
        } else if (*c < 0x20 || *c == 0x7f) {
            text_put(t, "\\u%04x", *c);
        } else if (*c < 0x80) {
            text_bytes(t, (const char *)c, 1);
        } else if (wide != 0) {
            text_bytes(t, (const char *)c, wide);
            c += wide - 1;
        } else {
            text_put(t, "\\ufffd");
        }
    }
    text_bytes(t, "\"", 1);
}

void text_clean(struct text *t, const char *string)
{
    for (const unsigned char *c = (const unsigned char *)string; *c != 0; c++) {
        size_t wide = *c >= 0x80 ? utf8_bytes(c) : 1;
        bool is_c1 = wide == 2 && c[0] == 0xc2 && c[1] < 0xa0; /* terminals take these for control characters too */
        if (*c < 0x20 || *c == 0x7f || wide == 0 || is_c1) {
            text_put(t, "\\x%02x", is_c1 ? c[1] : *c);
            c += is_c1;
        } else {
            text_bytes(t, (const char *)c, wide);
            c += wide - 1;
        }
    }
}

void text_drop(struct text *t, size_t count)
{
    if (count != 0) {
        memmove(t->bytes, t->bytes + count, t->length - count + 1);
        t->length -= count;
    }
}

void text_free(struct text *t)
{
    free(t->bytes);
    *t = (struct text){0};
}

const char *text_string(const struct text *t)
{
    return t->bytes != NULL ? t->bytes : "";
}

size_t text_columns(const char *string)
{
    size_t columns = 0;
    for (; *string != 0; string++) {
        columns += ((unsigned char)*string & 0xc0) != 0x80;
    }
    return columns;
}

char *text_copy(const char *string)
{
    char *copy = strdup(string);
    if (copy == NULL) {
        no_memory();
    }
    return copy;
}

void text_fit(char *out, size_t size, const char *string)
{
    size_t length = strlen(string);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)string[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    memcpy(out, string, length);
    out[length] = 0;
}
