/* SPDX-License-Identifier: GPL-2.0-only
 * A bump allocator over one block of memory given at boot; nothing is ever freed from it.
 * Facts (tables sized by what firmware said) live in one; counting first, then allocating, needs no fixed maximum. */
#ifndef BULKHEAD_LIB_ARENA_H
#define BULKHEAD_LIB_ARENA_H

#include "kernel/lib/types.h"

struct arena {
    uint8_t *base;
    size_t size; /* in bytes */
    size_t used; /* in bytes; never above size */
};

struct arena arena_make(void *base, size_t size);

/* Zeroed space for `count` objects of `size` bytes, 16-byte aligned; NULL when it does not fit (or the product
 * overflows). A count of 0 returns a valid pointer that must not be read. */
void *arena_array(struct arena *arena, size_t count, size_t size);

#endif
