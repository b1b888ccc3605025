/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/timer.c: the preemption timer's value for the end of a slice. */
#include "vmx/timer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void past_is_at_once(void **state)
{
    (void)state;
    assert_int_equal(vmx_timer_value(1000, 1000, 0), 0);
    assert_int_equal(vmx_timer_value(1000, 5000, 5), 0);
}

/* The timer falls whenever the TSC passes a multiple of 2^shift: it is 0 at the first of them that is not before the
 * end, and not more than one step after it. */
static void never_early_and_one_step_late_at_most(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 8; shift++) {
        uint64_t step = UINT64_C(1) << shift;
        for (uint64_t now = 1000; now < 1300; now++) {
            for (uint64_t end = now + 1; end < now + 600; end += 7) {
                uint64_t fires = ((now >> shift) + vmx_timer_value(end, now, shift)) << shift;
                assert_true(fires >= end && fires <= end + step);
            }
        }
    }
}

static void long_slices_are_cut(void **state)
{
    (void)state;
    assert_true(vmx_timer_value(UINT64_MAX, 0, 5) == UINT32_MAX);
    assert_true(vmx_timer_value((UINT64_C(1) << 37) - 96, 0, 5) == UINT32_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(past_is_at_once),
        cmocka_unit_test(never_early_and_one_step_late_at_most),
        cmocka_unit_test(long_slices_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
