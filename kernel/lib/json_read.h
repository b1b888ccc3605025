/* SPDX-License-Identifier: GPL-2.0-only
 * Reading one JSON object (RFC 8259) of few members, strictly and within bounds: a control line. Nothing is fetched
 * twice, and what is deeper than its members is checked, not kept. */
#ifndef BULKHEAD_LIB_JSON_READ_H
#define BULKHEAD_LIB_JSON_READ_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define JSON_READ_BYTES 4096
#define JSON_READ_MEMBERS 16
#define JSON_READ_DEPTH 8 /* objects and arrays inside of each other, the outermost one among them */

enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json_member {
    const char *key; /* decoded; in json_read.text */
    enum json_kind kind;
    const char *text; /* of a string, decoded; "" for all others */
    bool yes;         /* of a JSON_BOOL */
    const char *raw;  /* the value as it was written, in the line */
    size_t raw_length;
};

struct json_read {
    struct json_member members[JSON_READ_MEMBERS];
    size_t count;
    const char *why; /* when it could not be read: what is wrong at byte `at` */
    size_t at;
    char text[JSON_READ_BYTES]; /* decoded strings, each with a NUL */
    size_t used;
};

/* The line has to live on, unchanged, as long as *read is used. STATUS_BAD_FORMAT: no JSON, not UTF-8, no object, or a
 * key twice, or U+0000 in a string; STATUS_OUT_OF_RANGE: too long, too deep or too many members. Then why and at are
 * set, and count is 0. */
MUST_CHECK enum status json_read(struct json_read *read, const char *line, size_t length);

/* NULL: there is none of that name. */
const struct json_member *json_read_find(const struct json_read *read, const char *key);

#endif
