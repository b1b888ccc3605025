/* SPDX-License-Identifier: GPL-2.0-only
 * Words of the command line. */
#include "kernel/core/cmdline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void finds_whole_words_only(void **state)
{
    (void)state;
    assert_true(cmdline_has("a exit b", "exit"));
    assert_true(cmdline_has("  exit", "exit"));
    assert_true(cmdline_has("\texit\t", "exit"));
    assert_false(cmdline_has("", "exit"));
    assert_false(cmdline_has("exits exi noexit exit=1", "exit"));
}

static void takes_the_last_value(void **state)
{
    (void)state;
    char out[8] = "kept";
    assert_false(cmdline_value("console nconsole=x", "console", out, sizeof(out)));
    assert_string_equal(out, "kept");
    assert_true(cmdline_value("console=a console=b,1 c", "console", out, sizeof(out)));
    assert_string_equal(out, "b,1");
    assert_true(cmdline_value("console=", "console", out, sizeof(out)));
    assert_string_equal(out, "");
    assert_true(cmdline_value("console=1234567", "console", out, sizeof(out)));
    assert_string_equal(out, "1234567");
    assert_false(cmdline_value("console=12345678", "console", out, sizeof(out)));
    assert_string_equal(out, "1234567");
}

static void reads_numbers(void **state)
{
    (void)state;
    uint64_t n = 5;
    assert_true(cmdline_number("max-cpus=64", "max-cpus", &n) && n == 64);
    assert_true(cmdline_number("x=0xFf", "x", &n) && n == 255);
    assert_true(cmdline_number("x=18446744073709551615", "x", &n) && n == UINT64_MAX);
    n = 5;
    static const char *const bad[] = {"x=18446744073709551616", "x=0x10000000000000000", "x=", "x=-1", "x=1k", "x=0x"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(cmdline_number(bad[i], "x", &n));
        assert_int_equal(n, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_whole_words_only),
        cmocka_unit_test(takes_the_last_value),
        cmocka_unit_test(reads_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
