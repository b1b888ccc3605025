/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/lib/sbdf.c: text to address and back. */
#include "kernel/lib/sbdf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static void round_trips(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t value;
    } cases[] = {{"0000:00:00.0", 0},          {"0000:3b:00.0", 0x3b00},      {"0001:ff:1f.7", 0x1ffff},
                 {"feff:00:02.0", 0xfeff0010}, {"10000:e1:00.0", 0xff00e100}, {"1000a:80:1f.7", 0xff0a80ff},
                 {"100ff:00:00.0", 0xffff0000}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct sbdf s;
        char text[SBDF_TEXT_SIZE];
        assert_true(sbdf_parse(cases[i].text, strlen(cases[i].text), &s));
        assert_int_equal(s.v, cases[i].value);
        assert_string_equal(sbdf_text(s, text), cases[i].text);
    }
    struct sbdf upper;
    assert_true(sbdf_parse("00AB:CD:1E.3", 12, &upper));
    assert_int_equal(upper.v, 0x00abcdf3);
    assert_int_equal(sbdf_rid(upper), 0xcdf3);
    assert_false(sbdf_is_vmd(upper));
    assert_true(sbdf_is_vmd(sbdf_make(0xff00, 0xe1, 0, 0)));
}

static void refuses_malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "0000:00:00",
        "0000:00:00.",
        "0000:00:00.8",
        "0000:00:20.0",
        "0000-00:00.0",
        "0000:00:00:0",
        "0000:0g:00.0",
        "000:000:00.0",
        "0000:00:00.00",
        "00:02.0",
        " 000:00:00.0",
        "0000:+0:00.0",
        "ff00:e1:00.0", /* firmware has no such segment */
        "ffff:00:00.0",
        "00001:00:00.0",
        "0ffff:00:00.0",
        "10100:00:00.0", /* the last VMD domain is 0x100ff */
        "20000:00:00.0",
        "10000:00:20.0",
        "10000:00:00.00",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct sbdf s = {0x1234};
        assert_false(sbdf_parse(bad[i], strlen(bad[i]), &s));
        assert_int_equal(s.v, 0x1234);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(refuses_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
