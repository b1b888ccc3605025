/* SPDX-License-Identifier: GPL-2.0-only
 * Stack places and guards. */
#include "kernel/core/stack_layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CPUS 3

static void every_stack_has_a_guard_below(void **state)
{
    (void)state;
    uint64_t end = STACK_WINDOW;
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        for (enum stack_kind kind = STACK_NORMAL; kind < STACK_KINDS; kind++) {
            struct stack_place p = stack_layout_place(cpu, kind);
            assert_true(p.low >= end + 16 * KIB); /* room for one large frame to fall into */
            assert_true(p.top > p.low && p.top % PAGE_SIZE == 0 && p.low % PAGE_SIZE == 0);
            struct stack_spot spot;
            assert_true(stack_layout_find(p.low, CPUS, &spot));
            assert_true(spot.cpu == cpu && spot.kind == kind && !spot.guard);
            assert_true(stack_layout_find(p.top - 1, CPUS, &spot) && spot.kind == kind && !spot.guard);
            assert_true(stack_layout_find(p.low - 1, CPUS, &spot));
            assert_true(spot.cpu == cpu && spot.kind == kind && spot.guard);
            end = p.top;
        }
    }
}

static void outside_is_no_stack(void **state)
{
    (void)state;
    struct stack_spot spot;
    assert_false(stack_layout_find(0, CPUS, &spot));
    assert_false(stack_layout_find(STACK_WINDOW - 1, CPUS, &spot));
    uint64_t end = stack_layout_place(CPUS - 1, STACK_KINDS - 1).top;
    assert_true(stack_layout_find(end - 1, CPUS, &spot));
    assert_false(stack_layout_find(end, CPUS, &spot));
    assert_false(stack_layout_find(UINT64_MAX, CPUS, &spot));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stack_has_a_guard_below),
        cmocka_unit_test(outside_is_no_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
