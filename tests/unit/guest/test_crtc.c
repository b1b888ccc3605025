/* SPDX-License-Identifier: GPL-2.0-only
 * guest/crtc.c: the cursor reads back, and no index leads anywhere else. */
#include "guest/crtc.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_cursor(void **state)
{
    (void)state;
    struct crtc c;
    crtc_init(&c);
    crtc_write(&c, 0, 14);
    assert_int_equal(crtc_read(&c, 0), 14);
    assert_int_equal(crtc_read(&c, 1), 0);
    crtc_write(&c, 1, 7);
    crtc_write(&c, 0, 15);
    crtc_write(&c, 1, 0xd0);
    assert_int_equal(crtc_read(&c, 1), 0xd0);
    crtc_write(&c, 0, 14);
    assert_int_equal(crtc_read(&c, 1), 7);
}

static void test_every_index(void **state)
{
    (void)state;
    struct {
        struct crtc c;
        uint8_t behind[256];
    } s = {0};
    for (unsigned i = 0; i < 256; i++) {
        crtc_write(&s.c, 0, (uint8_t)i);
        crtc_write(&s.c, 1, 0xa5);
        assert_int_equal(crtc_read(&s.c, 1), i < CRTC_REGISTERS ? 0xa5 : 0xff);
    }
    for (unsigned i = 0; i < sizeof(s.behind); i++) {
        assert_int_equal(s.behind[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cursor), cmocka_unit_test(test_every_index)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
