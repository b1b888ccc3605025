/* SPDX-License-Identifier: GPL-2.0-only
 * Bounds-checked little-endian reader. */
#include "kernel/lib/cursor.h"

struct cursor cursor_make(const void *bytes, size_t length)
{
    return (struct cursor){.bytes = bytes, .length = length};
}

size_t cursor_left(const struct cursor *c)
{
    return c->failed ? 0 : c->length - c->position;
}

const uint8_t *cursor_take(struct cursor *c, size_t bytes)
{
    if (c->failed || bytes > c->length - c->position) {
        c->failed = true;
        return NULL;
    }
    const uint8_t *at = c->bytes + c->position;
    c->position += bytes;
    return at;
}

struct cursor cursor_slice(struct cursor *c, size_t bytes)
{
    const uint8_t *at = cursor_take(c, bytes);
    if (at == NULL) {
        return (struct cursor){.failed = true};
    }
    return cursor_make(at, bytes);
}

static uint64_t read_le(struct cursor *c, size_t bytes)
{
    const uint8_t *at = cursor_take(c, bytes);
    uint64_t v = 0;
    for (size_t i = 0; at != NULL && i < bytes; i++) {
        v |= (uint64_t)at[i] << (8 * i);
    }
    return v;
}

uint8_t cursor_u8(struct cursor *c)
{
    return (uint8_t)read_le(c, 1);
}

uint16_t cursor_u16(struct cursor *c)
{
    return (uint16_t)read_le(c, 2);
}

uint32_t cursor_u32(struct cursor *c)
{
    return (uint32_t)read_le(c, 4);
}

uint64_t cursor_u64(struct cursor *c)
{
    return read_le(c, 8);
}
