/* SPDX-License-Identifier: GPL-2.0-only
 * guest/reset.c: the three ways, and what must not reset. */
#include "guest/reset.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_reset_control(void **state)
{
    (void)state;
    struct reset r;
    reset_init(&r);
    reset_write(&r, RESET_CONTROL, 0x02); /* Linux: prepare, then 0x06 */
    assert_false(reset_is_requested(&r));
    assert_int_equal(reset_read(&r, RESET_CONTROL), 0x02);
    reset_write(&r, RESET_CONTROL, 0x06);
    assert_true(reset_is_requested(&r));
    reset_init(&r);
    reset_write(&r, RESET_CONTROL, 0xf1);
    assert_false(reset_is_requested(&r));
    assert_int_equal(reset_read(&r, RESET_CONTROL), 0);
}

static void test_keyboard_and_fast_reset(void **state)
{
    (void)state;
    struct reset r;
    reset_init(&r);
    reset_write(&r, RESET_KEYBOARD, 0xd1);
    reset_write(&r, RESET_KEYBOARD, 0xff);
    assert_false(reset_is_requested(&r));
    assert_int_equal(reset_read(&r, RESET_KEYBOARD), 0xff);
    reset_write(&r, RESET_KEYBOARD, 0xfe);
    assert_true(reset_is_requested(&r));
    reset_init(&r);
    assert_int_equal(reset_read(&r, RESET_SYSTEM_CONTROL), 2); /* A20 on */
    reset_write(&r, RESET_SYSTEM_CONTROL, 0);
    reset_write(&r, RESET_SYSTEM_CONTROL, 2);
    assert_false(reset_is_requested(&r));
    reset_write(&r, RESET_SYSTEM_CONTROL, 3);
    assert_true(reset_is_requested(&r));
    reset_init(&r);
    reset_write(&r, 0x60, 0xfe);
    assert_false(reset_is_requested(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reset_control),
        cmocka_unit_test(test_keyboard_and_fast_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
