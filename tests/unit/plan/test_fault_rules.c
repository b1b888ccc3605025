/* SPDX-License-Identifier: GPL-2.0-only
 * plan/fault_rules.c: which table's word counts, and what holds without one. */
#include "plan/fault_rules.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define GUEST "[guest.a]\ncpus = [1]\nmemory = \"64KiB\"\nkernel = \"k\"\n"
#define VENDOR 0x8086
#define DEVICE 0x10d3

static struct config config;

static struct fault_rules rules_of(const char *rest)
{
    static struct diag items[4];
    struct diag_list diags = diag_list_make(items, ARRAY_LENGTH(items));
    char text[512];
    snprintf(text, sizeof(text), "version = 1\n" GUEST "%s", rest);
    if (config_parse(text, strlen(text), "g.toml", &config, &diags) != STATUS_OK) {
        fail_msg("%s: %s", items[0].where, items[0].what);
    }
    return fault_rules_of(&config, config_find_guest(&config, "a"), sbdf_from_rid(0, 0x20), VENDOR, DEVICE);
}

static void assert_rate(struct rate_limit rate, uint32_t count, uint64_t period_ns)
{
    assert_int_equal(rate.count, count);
    assert_int_equal(rate.period_ns, period_ns);
}

static void nothing_given(void **state)
{
    (void)state;
    struct fault_rules r = rules_of("");
    assert_int_equal(r.on_fault, CONFIG_FAULT_LOG);
    assert_int_equal(r.severity, CONFIG_WARNING);
    assert_rate(r.fault_limit, 10, 1000000000);
    assert_rate(r.irq_limit, 0, 0);
}

static void of_the_guest(void **state)
{
    (void)state;
    struct fault_rules r = rules_of("on-fault = \"reboot\"\nfault-limit = \"0/2min\"\nirq-limit = \"16777215/us\"\n"
                                    "fault-severity = \"critical\"\n");
    assert_int_equal(r.on_fault, CONFIG_FAULT_REBOOT);
    assert_int_equal(r.severity, CONFIG_CRITICAL);
    assert_rate(r.fault_limit, 0, UINT64_C(120000000000));
    assert_rate(r.irq_limit, 16777215, 1000);
}

/* Key by key: the address's table, then the id's, then the guest's. */
static void the_nearest_counts(void **state)
{
    (void)state;
    struct fault_rules r =
        rules_of("on-fault = \"reboot\"\nfault-limit = \"1/s\"\nirq-limit = \"1/s\"\n"
                 "fault-severity = \"info\"\n"
                 "[device.\"8086:10d3\"]\non-fault = \"restart-guest\"\nfault-limit = \"2/1440min\"\n"
                 "irq-limit = \"2/10ms\"\n"
                 "[device.\"0000:00:04.0\"]\non-fault = \"stop-device\"\nfault-limit = \"3/7us\"\n");
    assert_int_equal(r.on_fault, CONFIG_FAULT_STOP_DEVICE);
    assert_rate(r.fault_limit, 3, 7000);
    assert_rate(r.irq_limit, 2, 10000000);
    assert_int_equal(r.severity, CONFIG_INFO);
    r = fault_rules_of(&config, config_find_guest(&config, "a"), sbdf_from_rid(0, 0x28), VENDOR, DEVICE);
    assert_int_equal(r.on_fault, CONFIG_FAULT_RESTART_GUEST);
    assert_rate(r.fault_limit, 2, UINT64_C(86400000000000));
    r = fault_rules_of(&config, config_find_guest(&config, "a"), sbdf_from_rid(0, 0x28), VENDOR, DEVICE + 1);
    assert_int_equal(r.on_fault, CONFIG_FAULT_REBOOT);
}

static void nobodys_is_logged(void **state)
{
    (void)state;
    rules_of("[device.\"8086:10d3\"]\non-fault = \"reboot\"\n");
    struct fault_rules r = fault_rules_of(&config, NULL, sbdf_from_rid(0, 0x20), VENDOR, DEVICE);
    assert_int_equal(r.on_fault, CONFIG_FAULT_LOG);
    assert_rate(r.irq_limit, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_given),
        cmocka_unit_test(of_the_guest),
        cmocka_unit_test(the_nearest_counts),
        cmocka_unit_test(nobodys_is_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
