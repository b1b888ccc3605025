/* SPDX-License-Identifier: GPL-2.0-only
 * plan/memory_pool.c: blocks are free, apart, large-page friendly, few; a try that fails takes nothing. */
#include "plan/memory_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/bits.h"

#define PIECES 16

static uint8_t space[256 * 1024];
static struct memory_pool pool;
static struct plan_block got[PIECES];

static void make(const struct plan_block *free, size_t count)
{
    struct arena arena = arena_make(space, sizeof(space));
    assert_int_equal(memory_pool_make(free, count, 64 * PIECES, &arena, &pool), STATUS_OK);
}

#define MAKE(...)                                                                                                      \
    make((const struct plan_block[]){__VA_ARGS__},                                                                     \
         sizeof((const struct plan_block[]){__VA_ARGS__}) / sizeof(struct plan_block))

static size_t take(uint64_t bytes, size_t pieces)
{
    const struct memory_wish wish = {bytes, 3 * GIB, pieces};
    return memory_pool_take(&pool, &wish, got);
}

static void assert_block(size_t i, uint64_t start, uint64_t size)
{
    assert_int_equal(got[i].start, start);
    assert_int_equal(got[i].size, size);
}

static void whole_steps_only(void **state)
{
    (void)state;
    MAKE({MIB, MIB}, {2 * MIB + PAGE_SIZE, 4 * MIB}, {16 * MIB, MIB}, {UINT64_MAX - MIB, MIB}, {BIT64(51), BIT64(52)});
    assert_int_equal(pool.count, 1);
    assert_int_equal(pool.blocks[0].start, 4 * MIB);
    assert_int_equal(memory_pool_bytes(&pool), 2 * MIB);
    struct arena arena = arena_make(space, 64);
    assert_int_equal(memory_pool_make(pool.blocks, 1, 64, &arena, &pool), STATUS_NO_MEMORY);
}

static void keeps_from_the_bottom(void **state)
{
    (void)state;
    MAKE({2 * MIB, 4 * MIB}, {16 * MIB, 8 * MIB}, {64 * MIB, 8 * MIB});
    memory_pool_keep(&pool, 5 * MIB);
    assert_int_equal(pool.count, 2);
    assert_int_equal(pool.blocks[0].start, 18 * MIB);
    memory_pool_keep(&pool, 6 * MIB);
    assert_int_equal(pool.count, 1);
    memory_pool_keep(&pool, GIB);
    assert_int_equal(pool.count, 0);
    assert_int_equal(take(2 * MIB, PIECES), 0);
}

static void small_ones_come_from_the_top(void **state)
{
    (void)state;
    MAKE({2 * MIB, 1022 * MIB}, {4 * GIB, 2 * GIB});
    assert_int_equal(take(512 * MIB, PIECES), 1);
    assert_block(0, 6 * GIB - 512 * MIB, 512 * MIB);
    assert_int_equal(take(1536 * MIB, PIECES), 1); /* exactly what is left there, and at 1 GiB's multiple */
    assert_block(0, 4 * GIB, 1536 * MIB);
    assert_int_equal(pool.count, 1);
    assert_int_equal(take(1022 * MIB, PIECES), 1);
    assert_int_equal(pool.count, 0);
}

static void large_pages_first(void **state)
{
    (void)state;
    /* Whole at a multiple of 1 GiB, though it would fit higher without. */
    MAKE({4 * GIB, 4 * GIB - 2 * MIB});
    assert_int_equal(take(2 * GIB + 512 * MIB, PIECES), 1);
    assert_block(0, 5 * GIB, 2 * GIB + 512 * MIB);
    /* Below and above the hole: each part starts at 1 GiB's multiple in the guest, and so does its block here. */
    MAKE({2 * MIB, 2 * GIB}, {4 * GIB, 8 * GIB});
    assert_int_equal(take(5 * GIB, PIECES), 2);
    assert_block(0, 9 * GIB, 3 * GIB);
    assert_block(1, 7 * GIB, 2 * GIB);
    /* Whole pages of 1 GiB from two places, then the rest. */
    MAKE({GIB, GIB}, {4 * GIB - 512 * MIB, 2 * GIB});
    assert_int_equal(take(2 * GIB + 256 * MIB, PIECES), 3);
    assert_block(0, 4 * GIB, GIB);
    assert_block(1, GIB, GIB);
    assert_block(2, 5 * GIB + 256 * MIB, 256 * MIB);
}

static void few_pieces_before_large_pages(void **state)
{
    (void)state;
    MAKE({GIB, GIB}, {4 * GIB - 512 * MIB, 2 * GIB});
    assert_int_equal(take(2 * GIB + 256 * MIB, 2), 2); /* three with pages of 1 GiB */
    assert_block(0, 4 * GIB - 512 * MIB, 2 * GIB);
    assert_block(1, 2 * GIB - 256 * MIB, 256 * MIB);
}

static void a_failed_try_takes_nothing(void **state)
{
    (void)state;
    MAKE({2 * MIB, 2 * MIB}, {8 * MIB, 4 * MIB}, {32 * MIB, 2 * MIB});
    assert_int_equal(memory_pool_largest(&pool, 1), 4 * MIB);
    assert_int_equal(memory_pool_largest(&pool, 2), 6 * MIB);
    assert_int_equal(memory_pool_largest(&pool, 5), 8 * MIB);
    assert_int_equal(take(8 * MIB, 2), 0);
    assert_int_equal(memory_pool_bytes(&pool), 8 * MIB);
    assert_int_equal(pool.count, 3);
    assert_int_equal(take(10 * MIB, PIECES), 0);
    assert_int_equal(take(8 * MIB, 3), 3);
    assert_block(0, 8 * MIB, 4 * MIB); /* the largest first: images want room in one piece */
    assert_block(1, 32 * MIB, 2 * MIB);
    assert_block(2, 2 * MIB, 2 * MIB);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A byte a 2 MiB step: free, or taken by someone. */
static uint8_t steps[8192];

static void mark(const struct plan_block *b, uint8_t from, uint8_t to)
{
    assert_true(is_aligned(b->start, 2 * MIB) && is_aligned(b->size, 2 * MIB) && b->size > 0);
    for (uint64_t at = b->start / (2 * MIB); at < (b->start + b->size) / (2 * MIB); at++) {
        assert_int_equal(steps[at], from);
        steps[at] = to;
    }
}

static void nothing_is_given_twice(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252;
    for (unsigned round = 0; round < 300; round++) {
        struct plan_block free[12];
        uint64_t at = 0;
        memset(steps, 0, sizeof(steps));
        for (size_t i = 0; i < ARRAY_LENGTH(free); i++) {
            at += (1 + next_random(&random) % 200) * 2 * MIB;
            free[i] = (struct plan_block){at, (1 + next_random(&random) % 400) * 2 * MIB};
            at += free[i].size;
            mark(&free[i], 0, 1);
        }
        make(free, ARRAY_LENGTH(free));
        for (unsigned guest = 0; guest < 20; guest++) {
            uint64_t bytes = (1 + next_random(&random) % 2000) * 2 * MIB;
            uint64_t had = memory_pool_bytes(&pool);
            size_t n = take(bytes, 1 + next_random(&random) % PIECES);
            uint64_t sum = 0;
            for (size_t i = 0; i < n; i++) {
                mark(&got[i], 1, 2);
                sum += got[i].size;
            }
            assert_true(n == 0 || sum == bytes);
            assert_int_equal(memory_pool_bytes(&pool), had - sum);
        }
        for (size_t i = 0; i < pool.count; i++) {
            mark(&pool.blocks[i], 1, 3);
            assert_true(i == 0 || pool.blocks[i].start > pool.blocks[i - 1].start);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_steps_only),
        cmocka_unit_test(keeps_from_the_bottom),
        cmocka_unit_test(small_ones_come_from_the_top),
        cmocka_unit_test(large_pages_first),
        cmocka_unit_test(few_pieces_before_large_pages),
        cmocka_unit_test(a_failed_try_takes_nothing),
        cmocka_unit_test(nothing_is_given_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
