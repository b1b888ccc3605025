/* SPDX-License-Identifier: GPL-2.0-only
 * plan/plan_source.c: whom a fault is reported for. */
#include "plan/plan_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct plan_device devices[] = {
    {.guest = 1, .sources = {{0x00401}, {0x00400}}, .source_count = 2},
    {.guest = 1, .sources = {{0x00400}}, .source_count = 1},
    {.guest = 0, .sources = {{0x10500}, {0x10501}, {0x10502}}, .source_count = 3},
    {.guest = 2},
};

static const struct plan_device *owner(uint32_t source)
{
    return plan_source_owner(devices, sizeof(devices) / sizeof(devices[0]), (struct sbdf){source});
}

static void own_ids_and_further_ones(void **state)
{
    (void)state;
    assert_ptr_equal(owner(0x00401), &devices[0]);
    assert_ptr_equal(owner(0x00400), &devices[1]); /* its own, the other's alias */
    assert_ptr_equal(owner(0x10502), &devices[2]); /* a phantom function */
    assert_ptr_equal(plan_source_owner(devices, 1, (struct sbdf){0x00400}), &devices[0]);
    assert_null(owner(0x00500)); /* another segment */
    assert_null(owner(0));       /* no ids at all is not id 0 */
    assert_null(plan_source_owner(devices, 0, (struct sbdf){0x00400}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(own_ids_and_further_ones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
