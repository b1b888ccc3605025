/* SPDX-License-Identifier: GPL-2.0-only
 * Well-formed UTF-8 (RFC 3629). */
#ifndef BULKHEAD_TOOLS_UTF8_H
#define BULKHEAD_TOOLS_UTF8_H

#include <stddef.h>

/* Bytes of the character at c (a NUL ends the text) when it is well formed and not ASCII; else 0. */
size_t utf8_bytes(const unsigned char *c);

#endif
