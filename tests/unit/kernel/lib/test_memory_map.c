/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/lib/memory_map.c against a model with one cell a byte. */
#include "kernel/lib/memory_map.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define CELLS 200
#define NOTHING (-1)

static void check_shape(const struct memory_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        assert_true(map->ranges[i].start < map->ranges[i].end);
        if (i > 0) {
            const struct memory_range *before = &map->ranges[i - 1];
            assert_true(before->end <= map->ranges[i].start);
            assert_false(before->end == map->ranges[i].start && before->kind == map->ranges[i].kind);
        }
    }
}

static int kind_at(const struct memory_map *map, uint64_t at)
{
    for (size_t i = 0; i < map->count; i++) {
        if (map->ranges[i].start <= at && at < map->ranges[i].end) {
            return (int)map->ranges[i].kind;
        }
    }
    return NOTHING;
}

static void check_queries(const struct memory_map *map, const int *cells, uint64_t start, uint64_t size)
{
    bool covered = true;
    bool reserved = false;
    for (uint64_t i = start; i < start + size; i++) {
        covered &= cells[i] != NOTHING;
        reserved |= cells[i] == MEMORY_RESERVED;
    }
    assert_int_equal(memory_map_covers(map, start, size), covered);
    assert_int_equal(memory_map_overlaps(map, start, size, MEMORY_RESERVED), reserved);
}

static void agrees_with_model(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 300; round++) {
        struct memory_map map = {.count = 0};
        int cells[CELLS];
        for (size_t i = 0; i < CELLS; i++) {
            cells[i] = NOTHING;
        }
        for (int step = 0; step < 15; step++) {
            uint64_t start = (uint64_t)rand() % CELLS;
            uint64_t size = 1 + (uint64_t)rand() % (CELLS - start);
            int kind = rand() % (MEMORY_HYPERVISOR + 1);
            assert_int_equal(memory_map_add(&map, start, size, (enum memory_kind)kind), STATUS_OK);
            for (uint64_t i = start; i < start + size; i++) {
                cells[i] = kind > cells[i] ? kind : cells[i];
            }
            check_shape(&map);
            uint64_t ram = 0;
            for (size_t i = 0; i < CELLS; i++) {
                assert_int_equal(kind_at(&map, i), cells[i]);
                ram += cells[i] == MEMORY_RAM;
            }
            assert_int_equal(memory_map_total(&map, MEMORY_RAM), ram);
            check_queries(&map, cells, start, size);
            check_queries(&map, cells, size / 2, size / 3);
        }
    }
}

static void refuses_bad_ranges(void **state)
{
    (void)state;
    struct memory_map map = {.count = 0};
    assert_int_equal(memory_map_add(&map, 4096, 0, MEMORY_RAM), STATUS_OUT_OF_RANGE);
    assert_int_equal(memory_map_add(&map, UINT64_MAX - 10, 12, MEMORY_RAM), STATUS_OUT_OF_RANGE);
    assert_int_equal(map.count, 0);
    assert_int_equal(memory_map_add(&map, UINT64_MAX - 10, 10, MEMORY_RAM), STATUS_OK);
    assert_true(memory_map_covers(&map, UINT64_MAX - 10, 10));
    assert_false(memory_map_covers(&map, UINT64_MAX - 10, 12));
    assert_true(memory_map_overlaps(&map, UINT64_MAX - 10, 100, MEMORY_RAM));
}

static void full_map_is_left_as_it_was(void **state)
{
    (void)state;
    struct memory_map map = {.count = 0};
    for (uint64_t i = 0; i < MEMORY_MAP_MAX; i++) {
        assert_int_equal(memory_map_add(&map, i * 10, 5, MEMORY_RAM), STATUS_OK);
    }
    struct memory_map before = map;
    assert_int_equal(memory_map_add(&map, 100000, 5, MEMORY_RAM), STATUS_NO_MEMORY);
    assert_int_equal(memory_map_add(&map, 1, 2, MEMORY_RESERVED), STATUS_NO_MEMORY);
    assert_memory_equal(&map, &before, sizeof(map));
    assert_int_equal(memory_map_add(&map, 5, 5, MEMORY_RAM), STATUS_OK); /* joins two */
    assert_int_equal(map.count, MEMORY_MAP_MAX - 1);
}

static void names_every_kind(void **state)
{
    (void)state;
    assert_string_equal(memory_kind_text(MEMORY_RAM), "ram");
    assert_string_equal(memory_kind_text(MEMORY_HYPERVISOR), "hypervisor");
    assert_string_equal(memory_kind_text((enum memory_kind)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_model),
        cmocka_unit_test(refuses_bad_ranges),
        cmocka_unit_test(full_map_is_left_as_it_was),
        cmocka_unit_test(names_every_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
