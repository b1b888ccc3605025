/* SPDX-License-Identifier: GPL-2.0-only
 * Writing ACPI tables byte by byte into the pretended memory; field positions are from ACPI 6.5, not from our code. */
#ifndef BULKHEAD_TESTS_ACPI_TABLES_H
#define BULKHEAD_TESTS_ACPI_TABLES_H

#include <assert.h>
#include <string.h>

#include "kernel/lib/types.h"
#include "tests/fake/memory.h"

static inline void put(uint8_t *at, size_t bytes, uint64_t value)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static inline uint8_t *put_at(uint64_t at, size_t bytes, uint64_t value)
{
    uint8_t *p = fake_memory_at(at, bytes);
    assert(p != NULL);
    put(p, bytes, value);
    return p;
}

/* Make bytes[sum_at] the value with which all the bytes add up to 0. */
static inline void fix_sum(uint8_t *bytes, size_t length, size_t sum_at)
{
    uint8_t sum = 0;
    bytes[sum_at] = 0;
    for (size_t i = 0; i < length; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    bytes[sum_at] = (uint8_t)-sum;
}

/* A table of `length` zero bytes behind its header, checksum right. */
static inline uint8_t *put_table(uint64_t at, const char *signature, uint32_t length)
{
    uint8_t *t = fake_memory_at(at, length);
    assert(t != NULL);
    memset(t, 0, length);
    memcpy(t, signature, 4);
    put(t + 4, 4, length);
    t[8] = 1;
    memcpy(t + 10, "TESTER", 6);
    memcpy(t + 16, "SYNTHETC", 8);
    fix_sum(t, length, 9);
    return t;
}

static inline void table_done(uint8_t *table)
{
    uint32_t length = 0;
    memcpy(&length, table + 4, 4);
    fix_sum(table, length, 9);
}

/* revision 0: 20 bytes; 2: 36 bytes. Returns its length. */
static inline size_t put_rsdp(uint8_t *r, uint8_t revision, uint32_t rsdt, uint64_t xsdt)
{
    memset(r, 0, 36);
    memcpy(r, "RSD PTR ", 8);
    memcpy(r + 9, "TESTER", 6);
    r[15] = revision;
    put(r + 16, 4, rsdt);
    fix_sum(r, 20, 8);
    if (revision < 2) {
        return 20;
    }
    put(r + 20, 4, 36);
    put(r + 24, 8, xsdt);
    fix_sum(r, 36, 32);
    return 36;
}

#endif
