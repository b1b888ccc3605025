/* SPDX-License-Identifier: GPL-2.0-only
 * Writing JSON (RFC 8259) into a bounded buffer: whatever is put in, what stands there is well-formed once everything
 * is closed. A member that does not fit is left out whole, and `cut` says so. */
#ifndef BULKHEAD_LIB_JSON_H
#define BULKHEAD_LIB_JSON_H

#include "kernel/lib/types.h"

#define JSON_DEPTH_MAX 6 /* objects and arrays open at once; deeper ones are left out */

struct json {
    char *out;
    size_t size;
    size_t length; /* written so far, without the NUL that always follows */
    char closing[JSON_DEPTH_MAX];
    unsigned depth;
    unsigned skipped; /* open ones that did not fit */
    bool full;        /* the member in work does not fit */
    bool cut;         /* something was left out */
};

/* Starts with nothing: values are put one after another with commas between, so members for inside of another object
 * can be written too. size at least 1. */
struct json json_make(char *out, size_t size);

/* key: NULL for a value outside of an object (an array's, the outermost). */
void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
/* Close the innermost open one; its place was kept, so it always fits. */
void json_close(struct json *json);

/* A string; bytes that are not UTF-8 become U+FFFD, control characters and quotes are escaped. NULL writes null. */
void json_text(struct json *json, const char *key, const char *text);
void json_bytes(struct json *json, const char *key, const void *bytes, size_t length);
void json_number(struct json *json, const char *key, uint64_t value);
/* A string "0x..." in lower case: numbers above 2^53 are not safe with every reader. */
void json_hex(struct json *json, const char *key, uint64_t value);
void json_bool(struct json *json, const char *key, bool value);
/* A value that is JSON already. */
void json_raw(struct json *json, const char *key, const char *value, size_t length);

/* Bytes of the well-formed UTF-8 sequence at the start of these (Unicode 15, table 3-7); 0: there is none. */
size_t json_utf8(const uint8_t *bytes, size_t length);

#endif
