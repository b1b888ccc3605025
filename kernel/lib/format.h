/* SPDX-License-Identifier: GPL-2.0-only
 * A bounded printf subset, the same on the host and in the hypervisor, so that both print the same text.
 * Conversions: %s %.*s %c %d %i %u %x %X %p %%, with l, ll, z, width, '0', '-' and a precision for %s. */
#ifndef BULKHEAD_LIB_FORMAT_H
#define BULKHEAD_LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Write at most size - 1 characters and always a NUL (size 0 writes nothing).
 * Returns the number of characters the whole text has, NUL not counted. An unknown conversion is copied as it stands.
 */
size_t format_text(char *out, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
size_t format_text_v(char *out, size_t size, const char *fmt, va_list args) __attribute__((format(printf, 3, 0)));

/* A line that is put together piece by piece; start with out and size set. */
struct format_line {
    char *out;
    size_t size;
    size_t length; /* of the whole text, even where it did not fit */
};

/* Append; what does not fit is counted in length and cut. */
void format_line_put(struct format_line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
