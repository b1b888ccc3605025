/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/lib/last_log.c: what one boot writes is what the next one reads, and nothing else. */
#include "kernel/lib/last_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HALF (LAST_LOG_BYTES / 2)
#define LINES (LAST_LOG_RECORDS - 1)

static uint8_t region[LAST_LOG_BYTES] __attribute__((aligned(8)));
static uint8_t flushed[LAST_LOG_BYTES]; /* what outlives a reset */
static struct last_log writer;
static struct last_log_found found;

static void flush(const void *at, size_t bytes)
{
    size_t offset = (size_t)((const uint8_t *)at - region);
    assert_true(offset + bytes <= sizeof(region));
    memcpy(flushed + offset, at, bytes);
}

/* The machine is reset: what was in caches alone is gone. */
static enum last_log_state next_boot(void)
{
    memcpy(region, flushed, sizeof(region));
    return last_log_open(&writer, region, flush, &found);
}

static int power_on(void **state)
{
    (void)state;
    memset(flushed, 0xa5, sizeof(flushed));
    assert_int_equal(next_boot(), LAST_LOG_NOTHING);
    return 0;
}

static void put(unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++) {
        char line[32];
        snprintf(line, sizeof(line), "line %u", i);
        last_log_put(&writer, line);
    }
}

static void assert_line(uint64_t number, const char *text)
{
    char line[LAST_LOG_TEXT];
    assert_true(last_log_read(&found, number, line));
    assert_string_equal(line, text);
}

static void the_next_boot_reads_it_once(void **state)
{
    (void)state;
    for (unsigned boot = 1; boot < 5; boot++) {
        put(boot, 3);
        last_log_mark(&writer, boot % 2 != 0 ? LAST_LOG_PANIC : LAST_LOG_UNSAID);
        put(boot + 3, 1);
        assert_int_equal(next_boot(), LAST_LOG_FOUND);
        assert_int_equal(found.boot, boot);
        assert_int_equal(found.end, boot % 2 != 0 ? LAST_LOG_PANIC : LAST_LOG_UNSAID);
        assert_int_equal(found.first, 0);
        assert_int_equal(found.end_number, 4);
        char text[32];
        snprintf(text, sizeof(text), "line %u", boot + 3);
        assert_line(3, text);
        assert_int_equal(writer.boot, boot + 1);
    }
    /* A boot that left nothing but its head. */
    assert_int_equal(next_boot(), LAST_LOG_FOUND);
    assert_int_equal(found.end_number, 0);
}

static void the_oldest_goes(void **state)
{
    (void)state;
    put(0, 1000);
    assert_int_equal(next_boot(), LAST_LOG_FOUND);
    assert_int_equal(found.end_number, 1000);
    assert_int_equal(found.first, 1000 - LINES);
    assert_line(1000 - LINES, "line 745");
    assert_line(999, "line 999");
    char text[LAST_LOG_TEXT];
    assert_false(last_log_read(&found, 1000 - LINES - 1, text));
    assert_false(last_log_read(&found, 1000, text));
}

static void long_lines_and_strange_bytes(void **state)
{
    (void)state;
    char line[2 * LAST_LOG_TEXT];
    memset(line, 'a', sizeof(line));
    line[300] = '\0';
    last_log_put(&writer, line);
    last_log_put(&writer, "");
    last_log_put(&writer, "\x1b[2Jx\xff\t");
    assert_int_equal(next_boot(), LAST_LOG_FOUND);
    assert_int_equal(found.end_number, 4);
    char text[LAST_LOG_TEXT];
    assert_true(last_log_read(&found, 0, text) && strlen(text) == LAST_LOG_TEXT - 1);
    assert_true(last_log_read(&found, 1, text) && strlen(text) == 300 - (LAST_LOG_TEXT - 1));
    assert_line(2, "");
    assert_line(3, "?[2Jx??");
}

/* Any bit of a head, of a record: what is damaged is not shown, the rest is. */
static void damage(void **state)
{
    for (size_t byte = 0; byte < 2 * LAST_LOG_RECORD; byte++) {
        power_on(state);
        put(0, 2);
        flushed[byte] ^= 0x10;
        enum last_log_state seen = next_boot();
        char text[LAST_LOG_TEXT];
        if (byte < LAST_LOG_RECORD) {
            bool magic = byte >= 8 && byte < 16;
            assert_int_equal(seen, magic ? LAST_LOG_NOTHING : LAST_LOG_DAMAGED);
        } else {
            assert_int_equal(seen, LAST_LOG_FOUND);
            assert_false(last_log_read(&found, 0, text));
            assert_line(1, "line 1");
        }
        put(0, 1);
        assert_int_equal(next_boot(), LAST_LOG_FOUND); /* and it goes on */
    }
}

/* As kernel/lib/last_log.c does: damage that the checksum does not show, or another version's. */
static void seal(size_t at)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = sizeof(hash); i < LAST_LOG_RECORD; i += sizeof(hash)) {
        uint64_t word;
        memcpy(&word, flushed + at + i, sizeof(word));
        hash = (hash ^ word) * UINT64_C(0x100000001b3);
        hash ^= hash >> 32;
    }
    memcpy(flushed + at, &hash, sizeof(hash));
}

static void patch_well(size_t at, size_t offset, uint64_t value, size_t bytes)
{
    memcpy(flushed + at + offset, &value, bytes);
    seal(at);
}

enum { VERSION_AT = 24, END_AT = 28, TOLD_AT = 32, NUMBER_AT = 8, BOOT_AT = 16, BYTES_AT = 24 };

static void heads_that_cannot_be(void **state)
{
    static const struct {
        size_t offset, bytes;
        uint64_t value;
    } cases[] = {
        {VERSION_AT, 4, 0},
        {VERSION_AT, 4, 2}, /* an older format, a newer one */
        {END_AT, 4, LAST_LOG_ORDERED + 1},
        {TOLD_AT, 8, 2},
        {BOOT_AT, 8, UINT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        power_on(state);
        put(0, 2);
        patch_well(0, cases[i].offset, cases[i].value, cases[i].bytes);
        assert_int_equal(next_boot(), LAST_LOG_DAMAGED);
        put(3, 1);
        assert_int_equal(next_boot(), LAST_LOG_FOUND);
        assert_int_equal(found.end_number, 1);
        assert_line(0, "line 3");
    }
}

/* A length beyond the record, a number of another place or beyond all, another boot's. */
static void lines_that_cannot_be(void **state)
{
    static const struct {
        size_t offset, bytes;
        uint64_t value;
    } cases[] = {
        {BYTES_AT, 4, LAST_LOG_TEXT},
        {BYTES_AT, 4, UINT32_MAX},
        {NUMBER_AT, 8, 1},
        {NUMBER_AT, 8, UINT64_MAX - UINT64_MAX % LINES},
        {BOOT_AT, 8, 7},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[LAST_LOG_TEXT];
        power_on(state);
        put(0, 3);
        patch_well(LAST_LOG_RECORD, cases[i].offset, cases[i].value, cases[i].bytes);
        assert_int_equal(next_boot(), LAST_LOG_FOUND);
        assert_int_equal(found.end_number, 3);
        assert_false(last_log_read(&found, 0, text));
        assert_line(1, "line 1");
        assert_line(2, "line 2");
    }
    /* A sealed one that can be is believed: else none of these would show anything. */
    power_on(state);
    put(0, 1);
    patch_well(LAST_LOG_RECORD, BYTES_AT, 4, 4);
    assert_int_equal(next_boot(), LAST_LOG_FOUND);
    assert_line(0, "line");
}

/* What is damaged is not replaced by the boot before, which was shown already. */
static void nothing_old(void **state)
{
    (void)state;
    put(0, 5);
    assert_int_equal(next_boot(), LAST_LOG_FOUND);
    put(0, 2);
    flushed[HALF + 16] ^= 1; /* this boot's head */
    assert_int_equal(next_boot(), LAST_LOG_DAMAGED);
    put(7, 1);
    assert_int_equal(next_boot(), LAST_LOG_FOUND);
    assert_int_equal(found.end_number, 1);
    assert_line(0, "line 7");
}

static void random_bytes(void **state)
{
    (void)state;
    srand(3);
    for (unsigned round = 0; round < 300; round++) {
        put(0, (unsigned)rand() % 400);
        for (unsigned i = 0; i < 40; i++) {
            flushed[(unsigned)rand() % sizeof(flushed)] = (uint8_t)rand();
        }
        if (next_boot() != LAST_LOG_FOUND) {
            continue;
        }
        assert_true(found.end_number - found.first <= LINES);
        for (uint64_t i = found.first; i < found.end_number; i++) {
            char text[LAST_LOG_TEXT], wanted[32];
            snprintf(wanted, sizeof(wanted), "line %llu", (unsigned long long)i);
            if (last_log_read(&found, i, text)) {
                assert_string_equal(text, wanted);
            }
        }
    }
}

static void map_of(struct memory_map *map, uint64_t ram_end)
{
    map->count = 0;
    assert_int_equal(memory_map_add(map, 0, 0x9f000, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(map, MIB, ram_end - MIB, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(map, 2 * MIB, 3 * MIB, MEMORY_HYPERVISOR), STATUS_OK);
}

static void the_same_place_each_time(void **state)
{
    (void)state;
    static const struct {
        uint64_t end, place;
    } cases[] = {{0x7fdf000, 0x3000000},   {0xffdf000, 0x7000000},   {0x1ffdf000, 0xf000000},
                 {0x3ffdf000, 0x1f000000}, {0x7ffdf000, 0x3f000000}, {0x3fdf000, 0}};
    struct memory_map map;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t start = 0;
        map_of(&map, cases[i].end);
        assert_int_equal(last_log_place(&map, &start), cases[i].place != 0);
        assert_int_equal(start, cases[i].place);
        /* Modules elsewhere change nothing; one that is there leaves none. */
        assert_int_equal(memory_map_add(&map, 5 * MIB, 8 * MIB, MEMORY_LOADER), STATUS_OK);
        assert_int_equal(last_log_place(&map, &start), cases[i].place != 0);
        assert_int_equal(start, cases[i].place);
        if (cases[i].place != 0) {
            assert_int_equal(memory_map_add(&map, start + 0x1000, 0x1000, MEMORY_LOADER), STATUS_OK);
            assert_false(last_log_place(&map, &start));
        }
    }
    /* A hole of firmware's near the first place: the next one. */
    uint64_t start = 0;
    map_of(&map, 0x7ffdf000);
    assert_int_equal(memory_map_add(&map, 0x40000000, 0x1000, MEMORY_RESERVED), STATUS_OK);
    assert_true(last_log_place(&map, &start));
    assert_int_equal(start, 0x1f000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_next_boot_reads_it_once, power_on),
        cmocka_unit_test_setup(the_oldest_goes, power_on),
        cmocka_unit_test_setup(long_lines_and_strange_bytes, power_on),
        cmocka_unit_test_setup(damage, power_on),
        cmocka_unit_test_setup(heads_that_cannot_be, power_on),
        cmocka_unit_test_setup(lines_that_cannot_be, power_on),
        cmocka_unit_test_setup(nothing_old, power_on),
        cmocka_unit_test_setup(random_bytes, power_on),
        cmocka_unit_test(the_same_place_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
