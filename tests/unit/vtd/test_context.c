/* SPDX-License-Identifier: GPL-2.0-only
 * Root and context entries against vectors worked out by hand from VT-d 4.1 figures 9-1 and 9-3. */
#include "vtd/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void root_entry(void **state)
{
    (void)state;
    assert_true(vtd_context_root_entry(hpa(0x12345000)) == 0x0000000012345001);
    assert_true(vtd_context_root_entry(hpa(0x7ffffffff000)) == 0x00007ffffffff001);
    assert_false(vtd_context_root_present(0x12345000));
    assert_true(vtd_context_root_present(0x12345001));
    assert_true(vtd_context_root_table(0x12345001).v == 0x12345000);
}

static void entries(void **state)
{
    (void)state;
    static const struct {
        uint64_t tables;
        unsigned levels;
        uint16_t domain;
        uint64_t low, high;
    } cases[] = {
        {0x1000, 3, 1, 0x0000000000001001, 0x0000000000000101},
        {0x2000, 4, 0x1234, 0x0000000000002001, 0x0000000000123402},
        {0x3ffffffff000, 5, 0xffff, 0x00003ffffffff001, 0x0000000000ffff03},
        {0xabc000, 4, 0xff, 0x0000000000abc001, 0x000000000000ff02},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vtd_context c = vtd_context_make(hpa(cases[i].tables), cases[i].levels, cases[i].domain);
        assert_true(c.low == cases[i].low && c.high == cases[i].high);
        assert_true(vtd_context_present(c));
        assert_true(vtd_context_tables(c).v == cases[i].tables);
        assert_int_equal(vtd_context_levels(c), cases[i].levels);
        assert_int_equal(vtd_context_domain(c), cases[i].domain);
    }
}

/* Bits 3:2 (TT) let a device send translated addresses, bit 1 (FPD) hides its faults: never. */
static void type_is_untranslated_only(void **state)
{
    (void)state;
    struct vtd_context c = vtd_context_make(hpa(0xfffffffffffff000), 5, 0xffff);
    assert_true((c.low & 0xe) == 0);
    assert_false(vtd_context_present((struct vtd_context){0, 0xffff02}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_entry),
        cmocka_unit_test(entries),
        cmocka_unit_test(type_is_untranslated_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
