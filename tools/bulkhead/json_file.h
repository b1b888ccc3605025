/* SPDX-License-Identifier: GPL-2.0-only
 * Writes indented JSON, one value or key a call; commas and line breaks come by themselves. */
#ifndef BULKHEAD_TOOLS_JSON_FILE_H
#define BULKHEAD_TOOLS_JSON_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "kernel/lib/diag.h"

#define JSON_FILE_DEPTH_MAX 16

struct json_file {
    FILE *out;
    unsigned depth;
    bool filled[JSON_FILE_DEPTH_MAX]; /* the object or list at that depth has something in it */
};

struct json_file json_file_make(FILE *out);

/* In an object, give the key first; NULL in a list or at the top. */
void json_file_open_object(struct json_file *j, const char *key);
void json_file_open_list(struct json_file *j, const char *key);
void json_file_close_object(struct json_file *j);
void json_file_close_list(struct json_file *j);
void json_file_text(struct json_file *j, const char *key, const char *value);
void json_file_number(struct json_file *j, const char *key, uint64_t value);
void json_file_bool(struct json_file *j, const char *key, bool value);
/* A string made by printf. */
void json_file_format(struct json_file *j, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Key "diagnostics": a list of {code, severity, where, what, fix}. */
void json_file_diagnostics(struct json_file *j, const struct diag_list *list);

#endif
