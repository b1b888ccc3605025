/* SPDX-License-Identifier: GPL-2.0-only
 * guest/pm1.c: power button and power-off, in every width. */
#include "guest/pm1.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_power_off(void **state)
{
    (void)state;
    struct pm1 p;
    pm1_init(&p, 5);
    assert_int_equal(pm1_read(&p, PM1_CONTROL, 2), 1);
    pm1_write(&p, PM1_CONTROL, 2, 5 << 10 | 1); /* Linux writes the type first, then SLP_EN */
    assert_false(pm1_is_off(&p));
    assert_int_equal(pm1_read(&p, PM1_CONTROL, 2), 5 << 10 | 1);
    pm1_write(&p, PM1_CONTROL, 2, 3 << 10 | PM1_CONTROL_SLEEP); /* S3: not ours */
    assert_false(pm1_is_off(&p));
    pm1_write(&p, PM1_CONTROL, 2, 5 << 10 | PM1_CONTROL_SLEEP);
    assert_true(pm1_is_off(&p));
    assert_int_equal(pm1_read(&p, PM1_CONTROL, 2) & PM1_CONTROL_SLEEP, 0);
    pm1_init(&p, 5);
    pm1_write(&p, PM1_CONTROL + 1, 1, (5 << 10 | PM1_CONTROL_SLEEP) >> 8); /* by its high byte */
    assert_true(pm1_is_off(&p));
    pm1_init(&p, 0);
    pm1_write(&p, PM1_CONTROL, 1, 0xff); /* the low byte has no SLP_EN */
    assert_false(pm1_is_off(&p));
    assert_int_equal(pm1_read(&p, PM1_CONTROL, 1), 7);
    pm1_write(&p, PM1_CONTROL, 4, PM1_CONTROL_SLEEP); /* runs over the end: ignored */
    pm1_write(&p, PM1_SIZE, 2, PM1_CONTROL_SLEEP);
    assert_false(pm1_is_off(&p));
    assert_int_equal(pm1_read(&p, PM1_CONTROL, 4), 0xffffffff);
}

static void test_power_button(void **state)
{
    (void)state;
    struct pm1 p;
    pm1_init(&p, 5);
    pm1_write(&p, PM1_ENABLE, 2, 0xffff);
    assert_int_equal(pm1_read(&p, PM1_ENABLE, 2), 0x720);
    pm1_write(&p, PM1_STATUS, 4, PM1_POWER_BUTTON << 16);
    assert_int_equal(pm1_read(&p, PM1_ENABLE, 2), PM1_POWER_BUTTON);
    assert_false(pm1_sci(&p));
    assert_true(pm1_hears_power_button(&p));
    pm1_press_power_button(&p);
    assert_true(pm1_sci(&p));
    assert_int_equal(pm1_read(&p, PM1_STATUS, 4), PM1_POWER_BUTTON << 16 | PM1_POWER_BUTTON);
    pm1_write(&p, PM1_STATUS, 2, PM1_GLOBAL); /* another bit */
    assert_true(pm1_sci(&p));
    pm1_write(&p, PM1_STATUS + 1, 1, PM1_POWER_BUTTON >> 8);
    assert_false(pm1_sci(&p));
    pm1_press_power_button(&p);
    pm1_write(&p, PM1_ENABLE, 2, PM1_RTC);
    assert_false(pm1_sci(&p));
    assert_false(pm1_hears_power_button(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_off),
        cmocka_unit_test(test_power_button),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
