/* SPDX-License-Identifier: GPL-2.0-only
 * guest/restart.c: every end with every rule, orders, and how long is waited. */
#include "guest/restart.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static enum restart_answer decide(struct restart_rules rules, enum vm_end end)
{
    return restart_decide(&rules, end, RESTART_WANTED_NOTHING);
}

/* Resets start anew, every other end is final. */
static void without_rules_it_is_as_ever(void **state)
{
    (void)state;
    const struct restart_rules none = {0};
    assert_int_equal(decide(none, VM_RESET), RESTART_NOW);
    assert_int_equal(decide(none, VM_POWERED_OFF), RESTART_RESTS);
    assert_int_equal(decide(none, VM_CRASHED), RESTART_RESTS);
    assert_int_equal(decide(none, VM_STOPPED), RESTART_RESTS);
    assert_int_equal(decide(none, VM_REFUSED), RESTART_RESTS);
    assert_int_equal(decide(none, VM_RESTARTED), RESTART_NOW);
    assert_int_equal(decide(none, VM_WATCHDOG), RESTART_NOW);
}

static void rules_say_what_follows(void **state)
{
    (void)state;
    assert_int_equal(decide((struct restart_rules){.reboot_stops = true}, VM_RESET), RESTART_RESTS);
    assert_int_equal(decide((struct restart_rules){.reboot_stops = true}, VM_WATCHDOG), RESTART_NOW);
    const struct restart_rules on_failure = {.when = RESTART_ON_FAILURE};
    assert_int_equal(decide(on_failure, VM_CRASHED), RESTART_LATER);
    assert_int_equal(decide(on_failure, VM_POWERED_OFF), RESTART_RESTS);
    const struct restart_rules always = {.when = RESTART_ALWAYS};
    assert_int_equal(decide(always, VM_CRASHED), RESTART_LATER);
    assert_int_equal(decide(always, VM_POWERED_OFF), RESTART_LATER);
    assert_int_equal(decide(always, VM_STOPPED), RESTART_RESTS);
    assert_int_equal(decide(always, VM_REFUSED), RESTART_RESTS);
    const struct restart_rules stops = {.when = RESTART_ALWAYS, .poweroff = RESTART_POWEROFF_STOPS};
    assert_int_equal(decide(stops, VM_POWERED_OFF), RESTART_RESTS);
    assert_int_equal(decide(stops, VM_CRASHED), RESTART_LATER);
    const struct restart_rules starts = {.poweroff = RESTART_POWEROFF_STARTS};
    assert_int_equal(decide(starts, VM_POWERED_OFF), RESTART_LATER);
    assert_int_equal(decide(starts, VM_CRASHED), RESTART_RESTS);
}

static void orders_come_first(void **state)
{
    (void)state;
    const struct restart_rules always = {.when = RESTART_ALWAYS}, none = {0};
    for (unsigned end = VM_POWERED_OFF; end <= VM_WATCHDOG; end++) {
        assert_int_equal(restart_decide(&always, (enum vm_end)end, RESTART_WANTED_STOP), RESTART_RESTS);
        assert_int_equal(restart_decide(&none, (enum vm_end)end, RESTART_WANTED_START), RESTART_NOW);
    }
}

/* Who was asked to switch itself off stays off when it does; that it crashes, or resets itself, is as ever. */
static void asked_off_it_stays_off(void **state)
{
    (void)state;
    const struct restart_rules always = {.when = RESTART_ALWAYS, .poweroff = RESTART_POWEROFF_STARTS}, none = {0};
    assert_int_equal(restart_decide(&always, VM_POWERED_OFF, RESTART_WANTED_OFF), RESTART_RESTS);
    assert_int_equal(restart_decide(&always, VM_CRASHED, RESTART_WANTED_OFF), RESTART_LATER);
    assert_int_equal(restart_decide(&none, VM_RESET, RESTART_WANTED_OFF), RESTART_NOW);
    assert_int_equal(restart_decide(&none, VM_STOPPED, RESTART_WANTED_OFF), RESTART_RESTS);
}

static void waits_grow_until_a_run_is_stable(void **state)
{
    (void)state;
    const uint64_t seconds[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    uint64_t waited = 0;
    for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
        waited = restart_wait_ns(waited, 59 * SECOND);
        assert_int_equal(waited, seconds[i] * SECOND);
    }
    assert_int_equal(restart_wait_ns(waited, 60 * SECOND), SECOND);
    assert_int_equal(restart_wait_ns(UINT64_MAX, 0), 60 * SECOND);
    assert_int_equal(restart_wait_ns(0, UINT64_MAX), SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rules_it_is_as_ever),
        cmocka_unit_test(rules_say_what_follows),
        cmocka_unit_test(orders_come_first),
        cmocka_unit_test(asked_off_it_stays_off),
        cmocka_unit_test(waits_grow_until_a_run_is_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
