/* SPDX-License-Identifier: GPL-2.0-only
 * Writing DMAR tables structure by structure; field positions are from VT-d 4.1 chapter 8, not from our code. */
#ifndef BULKHEAD_TESTS_DMAR_TABLES_H
#define BULKHEAD_TESTS_DMAR_TABLES_H

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "kernel/lib/types.h"

struct table {
    uint8_t bytes[4096];
    size_t used;
    size_t structure; /* where the open one starts */
    size_t scope;
};

static inline void add(struct table *t, size_t size, uint64_t value)
{
    assert(t->used + size <= sizeof(t->bytes));
    for (size_t i = 0; i < size; i++) {
        t->bytes[t->used++] = (uint8_t)(value >> (8 * i));
    }
}

static inline void set16(struct table *t, size_t at, size_t value)
{
    t->bytes[at] = (uint8_t)value;
    t->bytes[at + 1] = (uint8_t)(value >> 8);
}

/* Lengths and checksum right. */
static inline void finish(struct table *t)
{
    uint8_t sum = 0;
    set16(t, 4, t->used);
    t->bytes[9] = 0;
    for (size_t i = 0; i < t->used; i++) {
        sum = (uint8_t)(sum + t->bytes[i]);
    }
    t->bytes[9] = (uint8_t)-sum;
}

static inline void start(struct table *t)
{
    *t = (struct table){0};
    memcpy(t->bytes, "DMAR", 4);
    t->bytes[8] = 1;
    memcpy(t->bytes + 10, "TESTERSYNTHETC", 14);
    memcpy(t->bytes + 28, "BULK", 4);
    t->bytes[36] = 38; /* 39 bits */
    t->bytes[37] = 1;
    t->used = 48;
}

static inline void open_structure(struct table *t, unsigned type)
{
    t->structure = t->used;
    add(t, 2, type);
    add(t, 2, 4);
}

static inline void close_structure(struct table *t)
{
    set16(t, t->structure + 2, t->used - t->structure);
}

static inline void drhd(struct table *t, unsigned flags, unsigned segment, uint64_t base)
{
    open_structure(t, 0);
    add(t, 1, flags), add(t, 1, 0), add(t, 2, segment), add(t, 8, base);
    close_structure(t);
}

static inline void rmrr(struct table *t, unsigned segment, uint64_t base, uint64_t limit)
{
    open_structure(t, 1);
    add(t, 2, 0), add(t, 2, segment), add(t, 8, base), add(t, 8, limit);
    close_structure(t);
}

static inline void atsr(struct table *t, unsigned flags, unsigned segment)
{
    open_structure(t, 2);
    add(t, 1, flags), add(t, 1, 0), add(t, 2, segment);
    close_structure(t);
}

static inline void rhsa(struct table *t, uint64_t base, uint32_t proximity)
{
    open_structure(t, 3);
    add(t, 4, 0), add(t, 8, base), add(t, 4, proximity);
    close_structure(t);
}

/* A scope at the end of the structure last written; hops: device << 3 | function, ended by -1. */
static inline void scope(struct table *t, unsigned type, unsigned id, unsigned bus, ...)
{
    va_list hops;
    t->scope = t->used;
    add(t, 1, type), add(t, 1, 0), add(t, 2, 0), add(t, 1, id), add(t, 1, bus);
    va_start(hops, bus);
    for (int hop = va_arg(hops, int); hop >= 0; hop = va_arg(hops, int)) {
        add(t, 1, (unsigned)hop >> 3);
        add(t, 1, hop & 7);
    }
    va_end(hops);
    t->bytes[t->scope + 1] = (uint8_t)(t->used - t->scope);
    close_structure(t);
}

#define HOP(device, function) ((device) << 3 | (function))
#define END (-1)

#endif
