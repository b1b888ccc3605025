/* SPDX-License-Identifier: GPL-2.0-only
 * A bounds-checked reader over bytes that firmware, a file or a guest supplied. Little-endian.
 * After the first read past the end `failed` stays true, every further read returns 0, and nothing is read. */
#ifndef BULKHEAD_LIB_CURSOR_H
#define BULKHEAD_LIB_CURSOR_H

#include "kernel/lib/types.h"

struct cursor {
    const uint8_t *bytes;
    size_t length;   /* in bytes */
    size_t position; /* next byte; never above length */
    bool failed;
};

struct cursor cursor_make(const void *bytes, size_t length);

/* Bytes not yet read. */
size_t cursor_left(const struct cursor *c);

uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);

/* Pointer to the next `bytes` bytes, which are consumed; NULL (and failed) when fewer are left. */
const uint8_t *cursor_take(struct cursor *c, size_t bytes);

/* A cursor over the next `bytes` bytes, which are consumed here; a failed empty cursor when fewer are left. */
struct cursor cursor_slice(struct cursor *c, size_t bytes);

#endif
