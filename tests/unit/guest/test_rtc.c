/* SPDX-License-Identifier: GPL-2.0-only
 * guest/rtc.c: reading and setting the clock, its interrupts, NVRAM. */
#include "guest/rtc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
#define BASE 951868799 /* 2000-02-29 23:59:59 UTC, a Tuesday */

static uint8_t get(struct rtc *r, uint8_t index, uint64_t now)
{
    rtc_write(r, 0, index, now);
    return rtc_read(r, 1, now);
}

static void set(struct rtc *r, uint8_t index, uint8_t value, uint64_t now)
{
    rtc_write(r, 0, index, now);
    rtc_write(r, 1, value, now);
}

static void test_reading(void **state)
{
    (void)state;
    struct rtc r;
    rtc_init(&r, BASE, 5 * SECOND);
    uint64_t now = 5 * SECOND;
    assert_int_equal(get(&r, RTC_SECONDS, now), 0x59);
    assert_int_equal(get(&r, RTC_HOURS, now), 0x23);
    assert_int_equal(get(&r, RTC_DAY, now), 0x29);
    assert_int_equal(get(&r, RTC_WEEKDAY, now), 3);
    assert_int_equal(get(&r, RTC_D, now), 0x80);
    now += SECOND;
    assert_int_equal(get(&r, RTC_SECONDS, now), 0);
    assert_int_equal(get(&r, RTC_MONTH, now), 3);
    assert_int_equal(get(&r, RTC_DAY, now), 1);
    assert_int_equal(get(&r, RTC_YEAR, now), 0);
    assert_int_equal(get(&r, RTC_CENTURY, now), 0x20);
    set(&r, RTC_B, 4, now); /* binary, 12 hours */
    now += 13 * 3600 * SECOND;
    assert_int_equal(get(&r, RTC_HOURS, now), 0x81);
    now -= 1 * 3600 * SECOND;
    assert_int_equal(get(&r, RTC_HOURS, now), 0x8c); /* noon is 12 PM */
    assert_int_equal(rtc_read(&r, 0, now), 0xff);
    assert_int_equal(rtc_read(&r, 2, now), 0xff);
}

static void test_update_in_progress(void **state)
{
    (void)state;
    struct rtc r;
    rtc_init(&r, BASE, 0);
    assert_int_equal(get(&r, RTC_A, 500000000), 0x26);
    assert_int_equal(get(&r, RTC_A, 999000000), 0xa6);
    assert_int_equal(get(&r, RTC_A, SECOND), 0x26);
    set(&r, RTC_B, 0x82, 999000000);
    assert_int_equal(get(&r, RTC_A, 999000000), 0x26); /* stopped: never */
}

/* mc146818_set_time(): SET on, fields, SET off. */
static void test_setting(void **state)
{
    (void)state;
    struct rtc r;
    rtc_init(&r, BASE, 0);
    uint8_t b = get(&r, RTC_B, 0);
    set(&r, RTC_B, b | 0x80, 0);
    set(&r, RTC_YEAR, 0x26, 0);
    set(&r, RTC_MONTH, 0x11, 0);
    set(&r, RTC_DAY, 0x21, 0);
    set(&r, RTC_HOURS, 0x06, 0);
    set(&r, RTC_MINUTES, 0x30, 0);
    set(&r, RTC_SECONDS, 0x00, 0);
    assert_int_equal(get(&r, RTC_MINUTES, 90 * SECOND), 0x30); /* frozen */
    set(&r, RTC_B, b, 100 * SECOND);
    assert_int_equal(get(&r, RTC_YEAR, 100 * SECOND), 0x26);
    assert_int_equal(get(&r, RTC_MONTH, 100 * SECOND), 0x11);
    assert_int_equal(get(&r, RTC_SECONDS, 107 * SECOND), 0x07);
    assert_int_equal(get(&r, RTC_WEEKDAY, 107 * SECOND), 7); /* a Saturday */
    set(&r, RTC_HOURS, 0x22, 107 * SECOND);                  /* without SET: at once */
    assert_int_equal(get(&r, RTC_HOURS, 107 * SECOND), 0x22);
    assert_int_equal(get(&r, RTC_MINUTES, 107 * SECOND), 0x30);
    for (unsigned i = 0; i < 128; i++) { /* nonsense everywhere hurts nothing */
        set(&r, (uint8_t)i, 0xff, 108 * SECOND);
        (void)get(&r, (uint8_t)i, 109 * SECOND);
    }
}

static void test_periodic(void **state)
{
    (void)state;
    struct rtc r;
    rtc_init(&r, BASE, 0);
    assert_true(rtc_next_deadline(&r, 0) == UINT64_MAX);
    set(&r, RTC_B, 0x42, 0);
    uint64_t due = rtc_next_deadline(&r, 0);
    assert_in_range(due, 976562, 976563); /* 1024 Hz */
    rtc_advance(&r, due - 1);
    assert_false(rtc_irq(&r));
    rtc_advance(&r, due);
    assert_true(rtc_irq(&r));
    assert_true(rtc_next_deadline(&r, due) == UINT64_MAX); /* until C is read */
    assert_int_equal(get(&r, RTC_C, due), 0xc0);
    assert_false(rtc_irq(&r));
    assert_int_equal(get(&r, RTC_C, due), 0);
    assert_int_equal(rtc_next_deadline(&r, due), 2 * due);
    set(&r, RTC_A, 0x20, due); /* rate 0: off */
    assert_true(rtc_next_deadline(&r, due) == UINT64_MAX);
}

static void test_update_and_alarm(void **state)
{
    (void)state;
    struct rtc r;
    rtc_init(&r, BASE, 0);
    set(&r, RTC_B, 0x12, 100);
    assert_int_equal(rtc_next_deadline(&r, 100), SECOND);
    rtc_advance(&r, SECOND);
    assert_true(rtc_irq(&r));
    assert_int_equal(get(&r, RTC_C, SECOND), 0x90);
    set(&r, RTC_SECONDS_ALARM, 0x05, SECOND); /* it is 00:00:00 */
    set(&r, RTC_MINUTES_ALARM, 0xc0, SECOND); /* any */
    set(&r, RTC_HOURS_ALARM, 0x00, SECOND);
    set(&r, RTC_B, 0x22, SECOND);
    rtc_advance(&r, 5 * SECOND);
    assert_false(rtc_irq(&r));
    rtc_advance(&r, 9 * SECOND); /* passed while nobody looked */
    assert_true(rtc_irq(&r));
    assert_int_equal(get(&r, RTC_C, 9 * SECOND), 0xb0);
}

static void test_nvram(void **state)
{
    (void)state;
    struct rtc r;
    rtc_init(&r, BASE, 0);
    set(&r, 0x34, 0x12, 0);
    set(&r, RTC_D, 0, 0);
    assert_int_equal(get(&r, 0x34, 0), 0x12);
    assert_int_equal(get(&r, 0xb4, 0), 0x12); /* bit 7 is the NMI mask */
    assert_int_equal(get(&r, RTC_D, 0), 0x80);
    set(&r, 0x0f, 0x0a, 0); /* the shutdown byte, as SMP start-up writes it */
    assert_int_equal(get(&r, 0x0f, 0), 0x0a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),  cmocka_unit_test(test_update_in_progress), cmocka_unit_test(test_setting),
        cmocka_unit_test(test_periodic), cmocka_unit_test(test_update_and_alarm),   cmocka_unit_test(test_nvram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
