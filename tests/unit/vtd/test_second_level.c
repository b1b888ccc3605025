/* SPDX-License-Identifier: GPL-2.0-only
 * Second-level entries (radix_vtd) against vectors worked out by hand from VT-d 4.1 9.8: R 0, W 1, SP 7, SNP 11. */
#include "kernel/core/radix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void tables(void **state)
{
    (void)state;
    uint64_t e = radix_vtd.make_table(hpa(0x1234000));
    assert_true(e == 0x0000000001234003);
    assert_true(radix_vtd.is_present(e));
    assert_false(radix_vtd.is_leaf(e, 2));
    assert_true(radix_vtd.address(e).v == 0x1234000);
    assert_false(radix_vtd.is_present(0));
}

static void leaves(void **state)
{
    (void)state;
    static const struct {
        uint64_t page;
        unsigned level, rights;
        uint64_t entry;
    } cases[] = {
        {0x5000, 1, RADIX_READ | RADIX_WRITE, 0x5003},
        {0x5000, 1, RADIX_READ, 0x5001},
        {0x5000, 1, RADIX_WRITE, 0x5002},
        {0x5000, 1, RADIX_READ | RADIX_WRITE | RADIX_SNOOP, 0x5803},
        {0x40200000, 2, RADIX_READ | RADIX_WRITE, 0x40200083},
        {0x7fc0000000, 3, RADIX_READ, 0x7fc0000081},
        {0x7fc0000000, 3, RADIX_READ | RADIX_WRITE | RADIX_SNOOP, 0x7fc0000883},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t e = radix_vtd.make_leaf(hpa(cases[i].page), cases[i].level, cases[i].rights);
        assert_true(e == cases[i].entry);
        assert_true(radix_vtd.is_leaf(e, cases[i].level));
        assert_true(radix_vtd.address(e).v == cases[i].page);
        assert_int_equal(radix_vtd.rights(e, cases[i].level), cases[i].rights);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables),
        cmocka_unit_test(leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
