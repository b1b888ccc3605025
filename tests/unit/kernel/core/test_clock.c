/* SPDX-License-Identifier: GPL-2.0-only
 * Clock arithmetic at its edges. */
#include "kernel/core/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void counts_whole_seconds_exactly_enough(void **state)
{
    (void)state;
    struct clock c = clock_make(3000000000, 5000, 7);
    assert_int_equal(clock_ns(&c, 5000), 7);
    uint64_t year = UINT64_C(3000000000) * 86400 * 365;
    uint64_t ns = clock_ns(&c, 5000 + year);
    uint64_t right = UINT64_C(86400) * 365 * 1000000000;
    assert_true(ns <= right + 7 && right - ns < right / 100000000); /* 1 in 10^8 */
}

static void never_goes_back(void **state)
{
    (void)state;
    struct clock c = clock_make(1000000000, 1000, 50);
    assert_int_equal(clock_ns(&c, 999), 50);
    struct clock slower = clock_change(&c, 100000000, 3000);
    assert_int_equal(clock_ns(&slower, 3000), 2050);
    assert_int_equal(clock_ns(&slower, 3001), 2060);
    assert_int_equal(clock_ns(&slower, 10), 2050);
}

static void converts_to_ticks_rounding_up(void **state)
{
    (void)state;
    assert_int_equal(clock_ticks(1000000000, 0), 0);
    assert_int_equal(clock_ticks(1000000000, 1), 1);
    assert_int_equal(clock_ticks(24000000, 1), 1); /* never too early */
    assert_int_equal(clock_ticks(24000000, 1000000000), 24000000);
    assert_int_equal(clock_ticks(24000000, 1500000000), 36000000);
    assert_true(clock_ticks(UINT64_MAX, UINT64_MAX) == UINT64_MAX);
    assert_int_equal(clock_ticks(1000000000, UINT64_C(18000000000) * 1000000000), UINT64_C(18000000000) * 1000000000);
}

static void wraps_like_the_pm_timer(void **state)
{
    (void)state;
    assert_int_equal(clock_wrapped_difference(0xfffff0, 0x000010, 24), 0x20);
    assert_int_equal(clock_wrapped_difference(0xfffffff0, 0x10, 32), 0x20);
    assert_int_equal(clock_wrapped_difference(5, 5, 24), 0);
    /* A 32-bit timer read as a 24-bit one: the upper bits do not matter. */
    assert_int_equal(clock_wrapped_difference(0x12fffff0, 0x13000010, 24), 0x20);
}

static void finds_frequencies(void **state)
{
    (void)state;
    assert_int_equal(clock_frequency(46000000, CLOCK_PM_TIMER_HZ / 50, CLOCK_PM_TIMER_HZ), 2300028914); /* 0.02 s */
    assert_int_equal(clock_frequency(1, 0, 1000), 0);
    assert_int_equal(clock_frequency(UINT64_MAX, 1, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_whole_seconds_exactly_enough),
        cmocka_unit_test(never_goes_back),
        cmocka_unit_test(converts_to_ticks_rounding_up),
        cmocka_unit_test(wraps_like_the_pm_timer),
        cmocka_unit_test(finds_frequencies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
