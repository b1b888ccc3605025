/* SPDX-License-Identifier: GPL-2.0-only
 * Memory and string functions for the hypervisor image, which has no libc. */
#include "kernel/lib/string.h"

#include "kernel/lib/types.h"

/* gcc would turn these loops into calls of the very functions they implement. clang does not know the attribute. */
#pragma GCC diagnostic ignored "-Wattributes"
#define NO_LIBRARY_CALLS __attribute__((optimize("no-tree-loop-distribute-patterns")))

#define WORD sizeof(uint64_t)

/* Unaligned 8-byte accesses; a constant-size builtin becomes one mov. */
static inline uint64_t load_word(const uint8_t *at)
{
    uint64_t word;
    __builtin_memcpy(&word, at, WORD);
    return word;
}

static inline void store_word(uint8_t *at, uint64_t word)
{
    __builtin_memcpy(at, &word, WORD);
}

NO_LIBRARY_CALLS void *(memcpy)(void *to, const void *from, size_t bytes)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    for (; bytes >= 4 * WORD; bytes -= 4 * WORD, t += 4 * WORD, f += 4 * WORD) {
        store_word(t, load_word(f));
        store_word(t + WORD, load_word(f + WORD));
        store_word(t + 2 * WORD, load_word(f + 2 * WORD));
        store_word(t + 3 * WORD, load_word(f + 3 * WORD));
    }
    for (; bytes >= WORD; bytes -= WORD, t += WORD, f += WORD) {
        store_word(t, load_word(f));
    }
    for (; bytes > 0; bytes--) {
        *t++ = *f++;
    }
    return to;
}

NO_LIBRARY_CALLS void *memmove(void *to, const void *from, size_t bytes)
{
    /* Forwards is safe unless `to` lies inside the source: each word is read before anything at or past it changes. */
    if ((uintptr_t)to - (uintptr_t)from >= bytes) {
        return (memcpy)(to, from, bytes);
    }
    uint8_t *t = (uint8_t *)to + bytes;
    const uint8_t *f = (const uint8_t *)from + bytes;
    for (; bytes >= WORD; bytes -= WORD) {
        t -= WORD;
        f -= WORD;
        store_word(t, load_word(f));
    }
    for (; bytes > 0; bytes--) {
        *--t = *--f;
    }
    return to;
}

NO_LIBRARY_CALLS void *(memset)(void *to, int value, size_t bytes)
{
    uint8_t *t = to;
    uint64_t word = (uint8_t)value * UINT64_C(0x0101010101010101);
    for (; bytes >= 4 * WORD; bytes -= 4 * WORD, t += 4 * WORD) {
        store_word(t, word);
        store_word(t + WORD, word);
        store_word(t + 2 * WORD, word);
        store_word(t + 3 * WORD, word);
    }
    for (; bytes >= WORD; bytes -= WORD, t += WORD) {
        store_word(t, word);
    }
    for (; bytes > 0; bytes--) {
        *t++ = (uint8_t)value;
    }
    return to;
}

NO_LIBRARY_CALLS int memcmp(const void *a, const void *b, size_t bytes)
{
    const uint8_t *x = a;
    const uint8_t *y = b;
    for (size_t i = 0; i < bytes; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

NO_LIBRARY_CALLS size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n] != 0) {
        n++;
    }
    return n;
}

NO_LIBRARY_CALLS size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;
    while (n < max && s[n] != 0) {
        n++;
    }
    return n;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, PTRDIFF_MAX); /* no object is larger */
}

NO_LIBRARY_CALLS int strncmp(const char *a, const char *b, size_t max)
{
    for (size_t i = 0; i < max; i++) {
        if (a[i] != b[i]) {
            return (uint8_t)a[i] < (uint8_t)b[i] ? -1 : 1;
        }
        if (a[i] == 0) {
            break;
        }
    }
    return 0;
}
