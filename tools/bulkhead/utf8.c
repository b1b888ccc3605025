/* SPDX-License-Identifier: GPL-2.0-only
 * Well-formed UTF-8 (RFC 3629). */
#include "tools/bulkhead/utf8.h"

#include "kernel/lib/types.h"

size_t utf8_bytes(const unsigned char *c)
{
    static const struct {
        unsigned char first, last; /* of the first byte */
        unsigned char low, high;   /* of the second */
        size_t length;
    } forms[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
                 {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
                 {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        if (c[0] < forms[i].first || c[0] > forms[i].last || c[1] < forms[i].low || c[1] > forms[i].high) {
            continue;
        }
        size_t n = 2;
        while (n < forms[i].length && (c[n] & 0xc0) == 0x80) {
            n++;
        }
        return n == forms[i].length ? n : 0;
    }
    return 0;
}
