/* SPDX-License-Identifier: GPL-2.0-only
 * Console option text, good and bad. */
#include "kernel/core/console_option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void expect(const char *text, enum status status, uint16_t port, uint32_t baud)
{
    struct console_option o = {1, 1};
    assert_int_equal(console_option_parse(text, &o), status);
    assert_int_equal(o.port, status == STATUS_OK ? port : 1);
    assert_int_equal(o.baud, status == STATUS_OK ? baud : 1);
}

static void accepts(void **state)
{
    (void)state;
    expect("com1,115200", STATUS_OK, 0x3f8, 115200);
    expect("com2", STATUS_OK, 0x2f8, 115200);
    expect("com4,9600", STATUS_OK, 0x2e8, 9600);
    expect("0x3e8,57600", STATUS_OK, 0x3e8, 57600);
    expect("0xc000", STATUS_OK, 0xc000, 115200);
    expect("none", STATUS_OK, 0, 115200);
}

static void refuses(void **state)
{
    (void)state;
    static const char *const malformed[] = {"",    ",",    "com5", "COM1", "com1,",           "com1,fast",
                                            "3f8", "1016", "0x",   "0xg",  "com1,115200,8n1", "com11"};
    for (size_t i = 0; i < ARRAY_LENGTH(malformed); i++) {
        expect(malformed[i], STATUS_BAD_FORMAT, 0, 0);
    }
    static const char *const outside[] = {"0x20", "0x10000", "0xfff9", "com1,0", "com1,230400", "com1,7", "com1,1"};
    for (size_t i = 0; i < ARRAY_LENGTH(outside); i++) {
        expect(outside[i], STATUS_OUT_OF_RANGE, 0, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(accepts), cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
