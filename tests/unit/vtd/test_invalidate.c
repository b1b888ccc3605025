/* SPDX-License-Identifier: GPL-2.0-only
 * Which page-selective command covers a range. */
#include "vtd/invalidate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void orders(void **state)
{
    (void)state;
    assert_int_equal(vtd_invalidate_order(0x5000, 0x1000, true, 18), 0);
    assert_int_equal(vtd_invalidate_order(0x4000, 0x2000, true, 18), 1);
    assert_int_equal(vtd_invalidate_order(0x5000, 0x2000, true, 18), 2); /* 5 and 6: 4..7 */
    assert_int_equal(vtd_invalidate_order(0x7000, 0x2000, true, 18), 4); /* 7 and 8: 0..15 */
    assert_int_equal(vtd_invalidate_order(0x40000000, 0x40000000, true, 18), 18);
    assert_int_equal(vtd_invalidate_order(0x40000000, 0x40001000, true, 18), -1);
    assert_int_equal(vtd_invalidate_order(0x5000, 0x1000, false, 18), -1);
    assert_int_equal(vtd_invalidate_order(0x4000, 0x2000, true, 0), -1);
    assert_int_equal(vtd_invalidate_order(0x4000, 0, true, 18), -1);
    assert_int_equal(vtd_invalidate_order(0xfffffffffffff000, 0x2000, true, 18), -1);
}

/* Whatever the range, the command covers all of it. */
static void covers(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned i = 0; i < 100000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t from = (seed >> 20) & 0x7ffffff000;
        uint64_t size = ((seed >> 50) + 1) << 12;
        int order = vtd_invalidate_order(from, size, true, 63);
        assert_true(order >= 0 && order < 40);
        uint64_t span = UINT64_C(0x1000) << order;
        uint64_t start = from & ~(span - 1);
        assert_true(from + size <= start + span);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders),
        cmocka_unit_test(covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
