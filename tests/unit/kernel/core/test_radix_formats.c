/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/core/radix_formats.c: golden entries written out from the manuals' figures, not from our macros. */
#include "kernel/core/radix.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define RW (RADIX_READ | RADIX_WRITE)
#define RWX (RADIX_READ | RADIX_WRITE | RADIX_EXECUTE)

struct golden {
    const struct radix_format *format;
    uint64_t page;
    unsigned level;
    unsigned rights;
    uint64_t entry;
};

static const struct golden leaves[] = {
    /* SDM 3A table 4-20 (4 KiB), 4-18 (2 MiB), 4-16 (1 GiB): P 0, R/W 1, U/S 2, PWT 3, PCD 4, A 5, D 6, PS 7, XD 63 */
    {&radix_host, 0x123456000, 1, RWX, 0x0000000123456063},
    {&radix_host, 0x123456000, 1, RADIX_READ, 0x8000000123456061},
    {&radix_host, 0x123456000, 1, RW | RADIX_USER, 0x8000000123456067},
    {&radix_host, 0xfee00000, 2, RW | RADIX_UNCACHED, 0x80000000fee000fb},
    {&radix_host, 0xfffffc0000000, 3, RWX, 0x000fffffc00000e3},
    /* APM2 5.3.3, with U/S always set (15.25.5) */
    {&radix_npt, 0x123456000, 1, RWX, 0x0000000123456067},
    {&radix_npt, 0x40000000, 3, RADIX_READ | RADIX_EXECUTE, 0x00000000400000e5},
    {&radix_npt, 0x200000, 2, RW | RADIX_UNCACHED, 0x80000000002000ff},
    /* SDM 3C tables 29-3, 29-5, 29-7: R 0, W 1, X 2, memory type 5:3 (0 UC, 6 WB), IPAT 6, large 7 */
    {&radix_ept, 0x123456000, 1, RWX, 0x0000000123456037},
    {&radix_ept, 0x123456000, 1, RADIX_READ, 0x0000000123456031},
    {&radix_ept, 0x200000, 2, RW, 0x00000000002000b3},
    {&radix_ept, 0xc0000000, 3, RWX, 0x00000000c00000b7},
    {&radix_ept, 0xfe000000, 2, RW | RADIX_UNCACHED, 0x00000000fe000083},
    /* ... with VT-d's SNP in bit 11, which EPT ignores */
    {&radix_ept, 0xc0000000, 3, RWX | RADIX_SNOOP, 0x00000000c00008b7},
    {&radix_ept, 0x123456000, 1, RW | RADIX_UNCACHED | RADIX_SNOOP, 0x0000000123456803},
    /* VT-d 4.1 9.8: R 0, W 1, PS 7, SNP 11 */
    {&radix_vtd, 0x123456000, 1, RW, 0x0000000123456003},
    {&radix_vtd, 0x123456000, 1, RADIX_READ, 0x0000000123456001},
    {&radix_vtd, 0x200000, 2, RW | RADIX_SNOOP, 0x0000000000200883},
    {&radix_vtd, 0x1c0000000, 3, RW, 0x00000001c0000083},
};

static void leaves_are_as_in_the_manuals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(leaves); i++) {
        const struct golden *g = &leaves[i];
        uint64_t entry = g->format->make_leaf(hpa(g->page), g->level, g->rights);
        assert_int_equal(entry, g->entry);
        assert_true(g->format->is_present(entry));
        assert_true(g->format->is_leaf(entry, g->level));
        assert_int_equal(g->format->address(entry).v, g->page);
        assert_int_equal(g->format->rights(entry, g->level), g->rights);
    }
}

static void tables_are_as_in_the_manuals(void **state)
{
    (void)state;
    static const struct {
        const struct radix_format *format;
        uint64_t entry;
    } cases[] = {
        {&radix_host, 0x000ffffffffff027},
        {&radix_npt, 0x000ffffffffff027},
        {&radix_ept, 0x000ffffffffff007},
        {&radix_vtd, 0x000ffffffffff003},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct radix_format *f = cases[i].format;
        uint64_t entry = f->make_table(hpa(0x000ffffffffff000));
        assert_int_equal(entry, cases[i].entry);
        assert_true(f->is_present(entry));
        assert_int_equal(f->address(entry).v, 0x000ffffffffff000);
        for (unsigned level = 2; level <= 5; level++) {
            assert_false(f->is_leaf(entry, level));
        }
        assert_false(f->is_present(0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_are_as_in_the_manuals),
        cmocka_unit_test(tables_are_as_in_the_manuals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
