/* SPDX-License-Identifier: GPL-2.0-only
 * service/policy.c: what is too many, and how often it is acted on. */
#include "service/policy.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

static struct policy_device device(enum config_on_fault on_fault, uint32_t count, uint64_t period_ns)
{
    return (struct policy_device){.rules = {.on_fault = on_fault, .fault_limit = {count, period_ns}}};
}

static void acts_on_what_goes_beyond(void **state)
{
    (void)state;
    struct policy_device d = device(CONFIG_FAULT_STOP_DEVICE, 3, 10 * MS);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(policy_fault(&d, 5 * MS + i), CONFIG_FAULT_LOG);
    }
    assert_int_equal(policy_fault(&d, 15 * MS - 1), CONFIG_FAULT_STOP_DEVICE);
    assert_int_equal(d.acted, 1);
}

static void time_forgives(void **state)
{
    (void)state;
    struct policy_device d = device(CONFIG_FAULT_STOP_DEVICE, 3, 10 * MS);
    for (unsigned i = 0; i < 1000; i++) { /* three in ten milliseconds, for ever */
        assert_int_equal(policy_fault(&d, i * 4 * MS), CONFIG_FAULT_LOG);
    }
}

static void nought_acts_on_the_first(void **state)
{
    (void)state;
    struct policy_device d = device(CONFIG_FAULT_REBOOT, 0, 1);
    assert_int_equal(policy_fault(&d, 0), CONFIG_FAULT_REBOOT);
}

static void acts_again_only_after_a_rest(void **state)
{
    (void)state;
    struct policy_device d = device(CONFIG_FAULT_RESTART_GUEST, 0, 10 * MS);
    assert_int_equal(policy_fault(&d, 7), CONFIG_FAULT_RESTART_GUEST);
    for (uint64_t t = 8; t < POLICY_REST_NS; t += MS) {
        assert_int_equal(policy_fault(&d, t), CONFIG_FAULT_LOG);
    }
    assert_int_equal(policy_fault(&d, 7 + POLICY_REST_NS), CONFIG_FAULT_RESTART_GUEST);
    assert_int_equal(d.acted, 2);
}

static void to_log_is_never_more(void **state)
{
    (void)state;
    struct policy_device d = device(CONFIG_FAULT_LOG, 0, 1);
    for (unsigned i = 0; i < 100000; i++) {
        assert_int_equal(policy_fault(&d, i), CONFIG_FAULT_LOG);
    }
    assert_int_equal(d.acted, 0);
    assert_string_equal(policy_action_text(CONFIG_FAULT_STOP_DEVICE), "stop-device");
    assert_string_equal(policy_action_text(CONFIG_FAULT_REBOOT), "reboot");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acts_on_what_goes_beyond), cmocka_unit_test(time_forgives),
        cmocka_unit_test(nought_acts_on_the_first), cmocka_unit_test(acts_again_only_after_a_rest),
        cmocka_unit_test(to_log_is_never_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
