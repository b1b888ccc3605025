/* SPDX-License-Identifier: GPL-2.0-only
 * The description of a machine's remapping units: good ones, and every way to be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model/platform_options.h"

static const struct platform_sources sources = {.ioapic = 0xf0f8, .hpet = 0xf078};

static void test_default(void **state)
{
    (void)state;
    struct platform_options o;
    assert_null(platform_options_parse(&o, "fed90000", sources));
    assert_int_equal(o.units, 1);
    assert_true(o.unit[0].base == 0xfed90000);
    assert_true(o.unit[0].config.cap == vtd_model_full().cap);
    assert_int_equal(platform_options_unit_of(&o, 0x18), 0);
    assert_int_equal(platform_options_unit_of(&o, 0xf0f8), 0);
    assert_null(platform_options_parse(&o, "", sources));
    assert_int_equal(platform_options_unit_of(&o, 0x18), -1);
}

static void test_two_units(void **state)
{
    (void)state;
    struct platform_options o;
    assert_null(platform_options_parse(
        &o, "fed90000:preset=qemu:scope=10.0+1f.7+0x0123,fed91000:latency=3:scope=ioapic+hpet", sources));
    assert_int_equal(o.units, 2);
    assert_int_equal(platform_options_unit_of(&o, 0x80), 0);
    assert_int_equal(platform_options_unit_of(&o, 0xff), 0);
    assert_int_equal(platform_options_unit_of(&o, 0x123), 0);
    assert_int_equal(platform_options_unit_of(&o, 0xf0f8), 1);
    assert_int_equal(platform_options_unit_of(&o, 0xf078), 1);
    assert_int_equal(platform_options_unit_of(&o, 0x81), -1);
    assert_int_equal(o.unit[1].latency, 3);
    assert_true(o.unit[0].config.cap == vtd_model_qemu().cap);
    /* The named one wins over the one that takes the rest, whatever the order. */
    assert_null(platform_options_parse(&o, "fed90000,fed91000:scope=10.0", sources));
    assert_int_equal(platform_options_unit_of(&o, 0x80), 1);
    assert_int_equal(platform_options_unit_of(&o, 0x88), 0);
}

static void test_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"zz", "base"},
        {"fed90001", "base"},
        {"0", "base"},
        {"100000000", "base"},
        {"fed90000x", "base"},
        {"-1000", "base"},
        {"fed90000:preset=best", "preset"},
        {"fed90000:preset", "keys"},
        {"fed90000:latency=1001", "latency"},
        {"fed90000:latency=", "latency"},
        {"fed90000:scope=", "empty scope"},
        {"fed90000:scope=10", "DEVICE.FUNCTION"},
        {"fed90000:scope=20.0", "DEVICE.FUNCTION"},
        {"fed90000:scope=10.8", "DEVICE.FUNCTION"},
        {"fed90000:scope=0x10000", "DEVICE.FUNCTION"},
        {"fed90000:scope=0.0+0.1+0.2+0.3+0.4+0.5+0.6+0.7+1.0+1.1+1.2+1.3+1.4+1.5+1.6+1.7+2.0", "too many sources"},
        {"fed90000,fed90000:scope=10.0", "one base"},
        {"fed90000,feda0000", "without a scope"},
        {"fed90000:scope=10.0,feda0000:scope=0x0080", "name one source"},
        {"1000,2000:scope=1.0,3000:scope=2.0,4000:scope=3.0,5000:scope=4.0", "too many units"},
    };
    struct platform_options o;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *why = platform_options_parse(&o, cases[i].text, sources);
        assert_non_null(why);
        assert_non_null(strstr(why, cases[i].why));
    }
    char many[600];
    memset(many, 'f', sizeof(many));
    many[sizeof(many) - 1] = '\0';
    assert_non_null(platform_options_parse(&o, many, sources));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_two_units),
        cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
