/* SPDX-License-Identifier: GPL-2.0-only
 * The hypervisor's command line: words separated by blanks, "name" or "name=value". Pure. */
#ifndef BULKHEAD_CORE_CMDLINE_H
#define BULKHEAD_CORE_CMDLINE_H

#include "kernel/lib/types.h"

/* Is the word `name` there, without a value? */
bool cmdline_has(const char *line, const char *name);

/* Value of the last "name=value", copied with its NUL into out; false (out untouched) when there is none or it does
 * not fit. An empty value is a value. */
bool cmdline_value(const char *line, const char *name, char *out, size_t size);

/* Value of "name=NUMBER", decimal or 0x hexadecimal; false when absent or malformed. */
bool cmdline_number(const char *line, const char *name, uint64_t *out);

/* Parse all of text as a decimal or 0x hexadecimal number; false when malformed or above UINT64_MAX. */
bool cmdline_parse_number(const char *text, size_t length, uint64_t *out);

#endif
