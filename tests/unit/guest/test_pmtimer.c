/* SPDX-License-Identifier: GPL-2.0-only
 * guest/pmtimer.h and guest/ticks.h: rates, wrapping, exactness. */
#include "guest/pmtimer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static void test_rate(void **state)
{
    (void)state;
    assert_int_equal(pmtimer_read(32, 0, 4, 0), 0);
    assert_int_equal(pmtimer_read(32, 0, 4, SECOND), 3579545);
    assert_int_equal(pmtimer_read(24, 0, 4, 10 * SECOND), 35795450 & 0xffffff);
    assert_int_equal(pmtimer_read(32, 0, 4, 1200 * SECOND), (uint32_t)(UINT64_C(1200) * 3579545));
    assert_int_equal(pmtimer_read(32, 0, 4, 1500 * SECOND), (uint32_t)(UINT64_C(1500) * 3579545)); /* wrapped */
    uint64_t last = 0; /* never backwards over a second's seam */
    for (uint64_t now = 4 * SECOND; now < 6 * SECOND; now += 999983) {
        uint32_t v = pmtimer_read(32, 0, 4, now);
        assert_true(v >= last);
        last = v;
    }
}

static void test_widths(void **state)
{
    (void)state;
    uint64_t now = 777 * SECOND;
    uint32_t v = pmtimer_read(32, 0, 4, now);
    assert_int_equal(pmtimer_read(32, 0, 1, now), v & 0xff);
    assert_int_equal(pmtimer_read(32, 2, 2, now), v >> 16);
    assert_int_equal(pmtimer_read(32, 2, 4, now), 0xffffffff);
    assert_int_equal(pmtimer_read(32, 4, 1, now), 0xff);
    assert_int_equal(pmtimer_read(24, 3, 1, now), 0);
}

static void test_ticks(void **state)
{
    (void)state;
    static const uint64_t rates[] = {32768, 1193182, 3579545, 1000000000, 2500000001};
    for (size_t i = 0; i < ARRAY_LENGTH(rates); i++) {
        for (uint64_t n = 0; n < UINT64_C(5000000000000); n = n * 3 + 1) {
            uint64_t ns = ticks_to_ns(n, rates[i]);
            assert_true(ticks_from_ns(ns, rates[i]) >= n);
            assert_true(ns == 0 || rates[i] > SECOND || ticks_from_ns(ns - 1, rates[i]) < n);
        }
        assert_true(ticks_to_ns(UINT64_MAX, rates[i]) > UINT64_C(7000000000000000000));
    }
    assert_true(ticks_to_ns(UINT64_MAX, 1193182) == TICKS_NEVER);
    assert_true(ticks_add(UINT64_MAX, 1) == TICKS_NEVER);
    assert_int_equal(ticks_add(1, 2), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_ticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
