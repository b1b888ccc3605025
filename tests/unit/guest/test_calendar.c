/* SPDX-License-Identifier: GPL-2.0-only
 * guest/calendar.c against libc over four centuries. */
#include "guest/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

static void test_against_libc(void **state)
{
    (void)state;
    for (uint64_t s = 0; s < UINT64_C(13000000000); s += 86399 * 3 + 7) {
        time_t t = (time_t)s;
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        struct calendar c = calendar_from_seconds(s);
        assert_int_equal(c.year, tm.tm_year + 1900);
        assert_int_equal(c.month, tm.tm_mon + 1);
        assert_int_equal(c.day, tm.tm_mday);
        assert_int_equal(c.weekday, tm.tm_wday + 1);
        assert_int_equal(c.hour, tm.tm_hour);
        assert_int_equal(c.minute, tm.tm_min);
        assert_int_equal(c.second, tm.tm_sec);
        assert_int_equal(calendar_to_seconds(&c), s);
    }
}

static void test_leap_days_and_overflow(void **state)
{
    (void)state;
    struct calendar c = {.year = 2000, .month = 2, .day = 29};
    assert_int_equal(calendar_to_seconds(&c), 951782400);
    c = calendar_from_seconds(951782400 + 86400);
    assert_int_equal(c.month, 3);
    assert_int_equal(c.day, 1);
    c = (struct calendar){.year = 1, .month = 1, .day = 1};
    assert_int_equal(calendar_to_seconds(&c), 0);
    c = (struct calendar){.year = 1999, .month = 13, .day = 1};
    assert_int_equal(calendar_to_seconds(&c), 946684800); /* 1 January 2000 */
    c = (struct calendar){.year = 2000, .month = 0, .day = 0, .second = 75};
    assert_int_equal(calendar_to_seconds(&c), 946684875);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_libc),
        cmocka_unit_test(test_leap_days_and_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
