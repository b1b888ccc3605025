/* SPDX-License-Identifier: GPL-2.0-only
 * guest/pic.c, programmed as Linux and the datasheet do. */
#include "guest/pic.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* init_8259A(): vectors 0x30 and 0x38. */
static void linux_init(struct pic *p, uint8_t icw4)
{
    pic_write(p, 0x21, 0xff);
    pic_write(p, 0x20, 0x11);
    pic_write(p, 0x21, 0x30);
    pic_write(p, 0x21, 0x04);
    pic_write(p, 0x21, icw4);
    pic_write(p, 0xa0, 0x11);
    pic_write(p, 0xa1, 0x38);
    pic_write(p, 0xa1, 0x02);
    pic_write(p, 0xa1, 0x01);
    pic_write(p, 0x21, 0x00);
    pic_write(p, 0xa1, 0x00);
}

static void pulse(struct pic *p, unsigned irq)
{
    pic_set_line(p, irq, false);
    pic_set_line(p, irq, true);
}

static void test_probe_and_mask(void **state)
{
    (void)state;
    struct pic p;
    pic_init(&p);
    pic_write(&p, 0xa1, 0xff);
    pic_write(&p, 0x21, 0xfb); /* Linux's probe_8259A writes and reads back */
    assert_int_equal(pic_read(&p, 0x21), 0xfb);
    assert_int_equal(pic_read(&p, 0x22), 0xff);
    linux_init(&p, 1);
    pic_write(&p, 0x21, 1);
    pulse(&p, 0);
    assert_false(pic_is_pending(&p));
    assert_int_equal(pic_read(&p, 0x20), 1); /* IRR shows it */
    pic_write(&p, 0x21, 0);
    assert_true(pic_is_pending(&p));
    assert_int_equal(pic_acknowledge(&p), 0x30);
    assert_false(pic_is_pending(&p));
}

static void test_priority_and_eoi(void **state)
{
    (void)state;
    struct pic p;
    pic_init(&p);
    linux_init(&p, 1);
    pulse(&p, 4);
    assert_int_equal(pic_acknowledge(&p), 0x34);
    pulse(&p, 7);
    assert_false(pic_is_pending(&p)); /* lower than what is in service */
    pulse(&p, 1);
    assert_int_equal(pic_acknowledge(&p), 0x31);
    pic_write(&p, 0x20, 0x0b);
    assert_int_equal(pic_read(&p, 0x20), 1 << 4 | 1 << 1);
    pic_write(&p, 0x20, 0x64); /* specific EOI of 4 */
    assert_int_equal(pic_read(&p, 0x20), 1 << 1);
    pic_write(&p, 0x20, 0x20);
    assert_int_equal(pic_read(&p, 0x20), 0);
    assert_int_equal(pic_acknowledge(&p), 0x37);
}

static void test_cascade(void **state)
{
    (void)state;
    struct pic p;
    pic_init(&p);
    linux_init(&p, 1);
    pulse(&p, 8);
    pulse(&p, 14);
    assert_int_equal(pic_acknowledge(&p), 0x38);
    pulse(&p, 5);
    assert_false(pic_is_pending(&p)); /* the cascade, input 2, is in service */
    pic_write(&p, 0xa0, 0x60);
    assert_false(pic_is_pending(&p)); /* 14 waits for the first chip's EOI */
    pic_write(&p, 0x20, 0x62);
    assert_true(pic_is_pending(&p));
    assert_int_equal(pic_acknowledge(&p), 0x3e);
    pic_set_line(&p, PIC_CASCADE, true); /* not an input */
    pic_set_line(&p, 16, true);
    pic_write(&p, 0xa0, 0x66);
    pic_write(&p, 0x20, 0x62);
    assert_int_equal(pic_acknowledge(&p), 0x35);
}

static void test_spurious(void **state)
{
    (void)state;
    struct pic p;
    pic_init(&p);
    linux_init(&p, 1);
    pic_set_line(&p, 3, true);
    pic_set_line(&p, 3, false);
    assert_false(pic_is_pending(&p));
    assert_int_equal(pic_acknowledge(&p), 0x37);
    pic_write(&p, 0x20, 0x0b);
    assert_int_equal(pic_read(&p, 0x20), 0); /* nothing is in service */
}

static void test_level(void **state)
{
    (void)state;
    struct pic p;
    pic_init(&p);
    linux_init(&p, 1);
    pic_write(&p, 0x4d0, 0xff);
    pic_write(&p, 0x4d1, 0xff);
    assert_int_equal(pic_read(&p, 0x4d0), 0xf8);
    assert_int_equal(pic_read(&p, 0x4d1), 0xde);
    pic_set_line(&p, 11, true);
    assert_int_equal(pic_acknowledge(&p), 0x3b);
    pic_write(&p, 0xa0, 0x20);
    pic_write(&p, 0x20, 0x20);
    assert_true(pic_is_pending(&p)); /* still asserted */
    pic_set_line(&p, 11, false);
    assert_false(pic_is_pending(&p));
}

static void test_auto_eoi_rotation_poll(void **state)
{
    (void)state;
    struct pic p;
    pic_init(&p);
    linux_init(&p, 3); /* AEOI */
    pulse(&p, 1);
    assert_int_equal(pic_acknowledge(&p), 0x31);
    pulse(&p, 6);
    assert_int_equal(pic_acknowledge(&p), 0x36); /* nothing stayed in service */
    pic_write(&p, 0x20, 0xc3);                   /* 3 becomes the lowest, so 4 is the highest */
    pulse(&p, 1);
    pulse(&p, 4);
    assert_int_equal(pic_acknowledge(&p), 0x34);
    pic_write(&p, 0x20, 0x0c); /* poll */
    assert_int_equal(pic_read(&p, 0x20), 0x81);
    assert_false(pic_is_pending(&p));
    pic_write(&p, 0x20, 0x0c);
    assert_int_equal(pic_read(&p, 0x20), 0);
}

static void test_special_mask(void **state)
{
    (void)state;
    struct pic p;
    pic_init(&p);
    linux_init(&p, 1);
    pulse(&p, 1);
    assert_int_equal(pic_acknowledge(&p), 0x31);
    pulse(&p, 6);
    assert_false(pic_is_pending(&p));
    pic_write(&p, 0x20, 0x68);
    pic_write(&p, 0x21, 0x02); /* masking 1 lets lower ones through */
    assert_true(pic_is_pending(&p));
    assert_int_equal(pic_acknowledge(&p), 0x36);
    pic_write(&p, 0x20, 0x48);
    pic_write(&p, 0x20, 0x20);
    pic_write(&p, 0x20, 0x0b);
    assert_int_equal(pic_read(&p, 0x20), 1 << 6); /* EOI ended 1, the higher one, outside special mask mode */
}

static void test_nothing_while_initialising(void **state)
{
    (void)state;
    struct pic p;
    pic_init(&p);
    linux_init(&p, 1);
    pic_write(&p, 0x20, 0x11);
    pulse(&p, 0);
    assert_false(pic_is_pending(&p));
    pic_write(&p, 0x21, 0x40);
    pic_write(&p, 0x21, 0x04);
    pic_write(&p, 0x21, 0x01);
    assert_true(pic_is_pending(&p));
    assert_int_equal(pic_acknowledge(&p), 0x40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe_and_mask), cmocka_unit_test(test_priority_and_eoi),
        cmocka_unit_test(test_cascade),        cmocka_unit_test(test_spurious),
        cmocka_unit_test(test_level),          cmocka_unit_test(test_auto_eoi_rotation_poll),
        cmocka_unit_test(test_special_mask),   cmocka_unit_test(test_nothing_while_initialising),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
