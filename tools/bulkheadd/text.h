/* SPDX-License-Identifier: GPL-2.0-only
 * A text that grows: output that waits, JSON and tables while they are put together. */
#ifndef BULKHEAD_AGENT_TEXT_H
#define BULKHEAD_AGENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* All zero: empty. bytes has a NUL behind length bytes as soon as something was put. No memory ends the program. */
struct text {
    char *bytes;
    size_t length, size;
};

void text_put(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_bytes(struct text *t, const char *bytes, size_t count);

/* A JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void text_json(struct text *t, const char *string);

/* For a terminal or a log: control characters and what is no UTF-8 are written \x1b, a backslash stays. */
void text_clean(struct text *t, const char *string);

/* Take the first count bytes away. */
void text_drop(struct text *t, size_t count);
void text_free(struct text *t);

/* The bytes put so far, never NULL. */
const char *text_string(const struct text *t);

/* Columns that it takes on a terminal: its characters. */
size_t text_columns(const char *string);

/* strdup that ends the program when there is no memory. */
char *text_copy(const char *string);

/* Copy what fits of a string, whole characters only, always with a NUL. */
void text_fit(char *out, size_t size, const char *string);

#endif
