/* SPDX-License-Identifier: GPL-2.0-only
 * Writes indented JSON, one value or key a call; commas and line breaks come by themselves. */
#ifndef BULKHEAD_TOOLS_JSON_H
#define BULKHEAD_TOOLS_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "kernel/lib/diag.h"

#define JSON_DEPTH_MAX 16

struct json {
    FILE *out;
    unsigned depth;
    bool filled[JSON_DEPTH_MAX]; /* the object or list at that depth has something in it */
};

struct json json_make(FILE *out);

/* In an object, give the key first; NULL in a list or at the top. */
void json_open_object(struct json *j, const char *key);
void json_open_list(struct json *j, const char *key);
void json_close_object(struct json *j);
void json_close_list(struct json *j);
void json_text(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);
/* A string made by printf. */
void json_format(struct json *j, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Key "diagnostics": a list of {code, severity, where, what, fix}. */
void json_diagnostics(struct json *j, const struct diag_list *list);

#endif
