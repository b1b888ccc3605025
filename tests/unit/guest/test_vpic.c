/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vpic.c, programmed as Linux and the datasheet do. */
#include "guest/vpic.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* init_8259A(): vectors 0x30 and 0x38. */
static void linux_init(struct vpic *p, uint8_t icw4)
{
    vpic_write(p, 0x21, 0xff);
    vpic_write(p, 0x20, 0x11);
    vpic_write(p, 0x21, 0x30);
    vpic_write(p, 0x21, 0x04);
    vpic_write(p, 0x21, icw4);
    vpic_write(p, 0xa0, 0x11);
    vpic_write(p, 0xa1, 0x38);
    vpic_write(p, 0xa1, 0x02);
    vpic_write(p, 0xa1, 0x01);
    vpic_write(p, 0x21, 0x00);
    vpic_write(p, 0xa1, 0x00);
}

static void pulse(struct vpic *p, unsigned irq)
{
    vpic_set_line(p, irq, false);
    vpic_set_line(p, irq, true);
}

static void test_probe_and_mask(void **state)
{
    (void)state;
    struct vpic p;
    vpic_init(&p);
    vpic_write(&p, 0xa1, 0xff);
    vpic_write(&p, 0x21, 0xfb); /* Linux's probe_8259A writes and reads back */
    assert_int_equal(vpic_read(&p, 0x21), 0xfb);
    assert_int_equal(vpic_read(&p, 0x22), 0xff);
    linux_init(&p, 1);
    vpic_write(&p, 0x21, 1);
    pulse(&p, 0);
    assert_false(vpic_is_pending(&p));
    assert_int_equal(vpic_read(&p, 0x20), 1); /* IRR shows it */
    vpic_write(&p, 0x21, 0);
    assert_true(vpic_is_pending(&p));
    assert_int_equal(vpic_acknowledge(&p), 0x30);
    assert_false(vpic_is_pending(&p));
}

static void test_priority_and_eoi(void **state)
{
    (void)state;
    struct vpic p;
    vpic_init(&p);
    linux_init(&p, 1);
    pulse(&p, 4);
    assert_int_equal(vpic_acknowledge(&p), 0x34);
    pulse(&p, 7);
    assert_false(vpic_is_pending(&p)); /* lower than what is in service */
    pulse(&p, 1);
    assert_int_equal(vpic_acknowledge(&p), 0x31);
    vpic_write(&p, 0x20, 0x0b);
    assert_int_equal(vpic_read(&p, 0x20), 1 << 4 | 1 << 1);
    vpic_write(&p, 0x20, 0x64); /* specific EOI of 4 */
    assert_int_equal(vpic_read(&p, 0x20), 1 << 1);
    vpic_write(&p, 0x20, 0x20);
    assert_int_equal(vpic_read(&p, 0x20), 0);
    assert_int_equal(vpic_acknowledge(&p), 0x37);
}

static void test_cascade(void **state)
{
    (void)state;
    struct vpic p;
    vpic_init(&p);
    linux_init(&p, 1);
    pulse(&p, 8);
    pulse(&p, 14);
    assert_int_equal(vpic_acknowledge(&p), 0x38);
    pulse(&p, 5);
    assert_false(vpic_is_pending(&p)); /* the cascade, input 2, is in service */
    vpic_write(&p, 0xa0, 0x60);
    assert_false(vpic_is_pending(&p)); /* 14 waits for the first chip's EOI */
    vpic_write(&p, 0x20, 0x62);
    assert_true(vpic_is_pending(&p));
    assert_int_equal(vpic_acknowledge(&p), 0x3e);
    vpic_set_line(&p, PIC_CASCADE, true); /* not an input */
    vpic_set_line(&p, 16, true);
    vpic_write(&p, 0xa0, 0x66);
    vpic_write(&p, 0x20, 0x62);
    assert_int_equal(vpic_acknowledge(&p), 0x35);
}

static void test_spurious(void **state)
{
    (void)state;
    struct vpic p;
    vpic_init(&p);
    linux_init(&p, 1);
    vpic_set_line(&p, 3, true);
    vpic_set_line(&p, 3, false);
    assert_false(vpic_is_pending(&p));
    assert_int_equal(vpic_acknowledge(&p), 0x37);
    vpic_write(&p, 0x20, 0x0b);
    assert_int_equal(vpic_read(&p, 0x20), 0); /* nothing is in service */
}

static void test_level(void **state)
{
    (void)state;
    struct vpic p;
    vpic_init(&p);
    linux_init(&p, 1);
    vpic_write(&p, 0x4d0, 0xff);
    vpic_write(&p, 0x4d1, 0xff);
    assert_int_equal(vpic_read(&p, 0x4d0), 0xf8);
    assert_int_equal(vpic_read(&p, 0x4d1), 0xde);
    vpic_set_line(&p, 11, true);
    assert_int_equal(vpic_acknowledge(&p), 0x3b);
    vpic_write(&p, 0xa0, 0x20);
    vpic_write(&p, 0x20, 0x20);
    assert_true(vpic_is_pending(&p)); /* still asserted */
    vpic_set_line(&p, 11, false);
    assert_false(vpic_is_pending(&p));
}

static void test_auto_eoi_rotation_poll(void **state)
{
    (void)state;
    struct vpic p;
    vpic_init(&p);
    linux_init(&p, 3); /* AEOI */
    pulse(&p, 1);
    assert_int_equal(vpic_acknowledge(&p), 0x31);
    pulse(&p, 6);
    assert_int_equal(vpic_acknowledge(&p), 0x36); /* nothing stayed in service */
    vpic_write(&p, 0x20, 0xc3);                   /* 3 becomes the lowest, so 4 is the highest */
    pulse(&p, 1);
    pulse(&p, 4);
    assert_int_equal(vpic_acknowledge(&p), 0x34);
    vpic_write(&p, 0x20, 0x0c); /* poll */
    assert_int_equal(vpic_read(&p, 0x20), 0x81);
    assert_false(vpic_is_pending(&p));
    vpic_write(&p, 0x20, 0x0c);
    assert_int_equal(vpic_read(&p, 0x20), 0);
}

static void test_special_mask(void **state)
{
    (void)state;
    struct vpic p;
    vpic_init(&p);
    linux_init(&p, 1);
    pulse(&p, 1);
    assert_int_equal(vpic_acknowledge(&p), 0x31);
    pulse(&p, 6);
    assert_false(vpic_is_pending(&p));
    vpic_write(&p, 0x20, 0x68);
    vpic_write(&p, 0x21, 0x02); /* masking 1 lets lower ones through */
    assert_true(vpic_is_pending(&p));
    assert_int_equal(vpic_acknowledge(&p), 0x36);
    vpic_write(&p, 0x20, 0x48);
    vpic_write(&p, 0x20, 0x20);
    vpic_write(&p, 0x20, 0x0b);
    assert_int_equal(vpic_read(&p, 0x20), 1 << 6); /* EOI ended 1, the higher one, outside special mask mode */
}

static void test_nothing_while_initialising(void **state)
{
    (void)state;
    struct vpic p;
    vpic_init(&p);
    linux_init(&p, 1);
    vpic_write(&p, 0x20, 0x11);
    pulse(&p, 0);
    assert_false(vpic_is_pending(&p));
    vpic_write(&p, 0x21, 0x40);
    vpic_write(&p, 0x21, 0x04);
    vpic_write(&p, 0x21, 0x01);
    assert_true(vpic_is_pending(&p));
    assert_int_equal(vpic_acknowledge(&p), 0x40);
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
