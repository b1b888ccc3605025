/* SPDX-License-Identifier: GPL-2.0-only
 * Bump allocator for boot-time facts. */
#include "kernel/lib/arena.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define ARENA_ALIGN 16

struct arena arena_make(void *base, size_t size)
{
    return (struct arena){.base = base, .size = size};
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    uintptr_t next = (uintptr_t)arena->base + arena->used;
    size_t padding = align_up(next, ARENA_ALIGN) - next;
    size_t left = arena->size - arena->used;
    if (padding > left || bytes > left - padding) {
        return NULL;
    }
    void *at = arena->base + arena->used + padding;
    arena->used += padding + bytes;
    memset(at, 0, bytes);
    return at;
}
