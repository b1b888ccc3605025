/* SPDX-License-Identifier: GPL-2.0-only
 * JSON writer (RFC 8259). */
#include "tools/bulkhead/json_file.h"

#include <assert.h>
#include <stdarg.h>

#include "tools/bulkhead/utf8.h"

struct json_file json_file_make(FILE *out)
{
    return (struct json_file){.out = out};
}

/* A text that was cut may end inside of a character: what is none becomes U+FFFD. */
static void write_string(struct json_file *j, const char *text)
{
    fputc('"', j->out);
    for (const unsigned char *c = (const unsigned char *)text; *c != 0; c++) {
        size_t wide = *c >= 0x80 ? utf8_bytes(c) : 0;
        if (*c == '"' || *c == '\\') {
            fprintf(j->out, "\\%c", *c);
        } else if (*c < 0x20 || *c == 0x7f) {
            fprintf(j->out, "\\u%04x", *c);
        } else if (*c < 0x80) {
            fputc(*c, j->out);
        } else if (wide != 0) {
            fwrite(c, 1, wide, j->out);
            c += wide - 1;
        } else {
            fputs("\\ufffd", j->out);
        }
    }
    fputc('"', j->out);
}

static void new_line(struct json_file *j)
{
    fprintf(j->out, "\n%*s", (int)j->depth, "");
}

/* What precedes every value: a comma if it is not the first, a line of its own, its key. */
static void begin(struct json_file *j, const char *key)
{
    if (j->depth != 0) {
        if (j->filled[j->depth]) {
            fputc(',', j->out);
        }
        new_line(j);
        j->filled[j->depth] = true;
    }
    if (key != NULL) {
        write_string(j, key);
        fputs(": ", j->out);
    }
}

static void open_one(struct json_file *j, const char *key, char bracket)
{
    begin(j, key);
    fputc(bracket, j->out);
    j->depth++;
    assert(j->depth < JSON_FILE_DEPTH_MAX);
    j->filled[j->depth] = false;
}

static void close_one(struct json_file *j, char bracket)
{
    bool filled = j->filled[j->depth];
    j->depth--;
    if (filled) {
        new_line(j);
    }
    fputc(bracket, j->out);
    if (j->depth == 0) {
        fputc('\n', j->out);
    }
}

void json_file_open_object(struct json_file *j, const char *key)
{
    open_one(j, key, '{');
}

void json_file_open_list(struct json_file *j, const char *key)
{
    open_one(j, key, '[');
}

void json_file_close_object(struct json_file *j)
{
    close_one(j, '}');
}

void json_file_close_list(struct json_file *j)
{
    close_one(j, ']');
}

void json_file_text(struct json_file *j, const char *key, const char *value)
{
    begin(j, key);
    write_string(j, value);
}

void json_file_number(struct json_file *j, const char *key, uint64_t value)
{
    begin(j, key);
    fprintf(j->out, "%llu", (unsigned long long)value);
}

void json_file_bool(struct json_file *j, const char *key, bool value)
{
    begin(j, key);
    fputs(value ? "true" : "false", j->out);
}

void json_file_format(struct json_file *j, const char *key, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    json_file_text(j, key, text);
}

void json_file_diagnostics(struct json_file *j, const struct diag_list *list)
{
    json_file_open_list(j, "diagnostics");
    for (size_t i = 0; i < list->count; i++) {
        const struct diag *d = &list->items[i];
        json_file_open_object(j, NULL);
        json_file_format(j, "code", "BH%04u", d->code);
        json_file_text(j, "severity", diag_severity_text(d->severity));
        json_file_text(j, "where", d->where);
        json_file_text(j, "what", d->what);
        json_file_text(j, "fix", d->fix);
        json_file_close_object(j);
    }
    json_file_close_list(j);
}
