/* SPDX-License-Identifier: GPL-2.0-only
 * service/fault_events.c: what is told of faults, how often, that counts add up, and what is done. */
#include "service/fault_events.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/core/time.h"
#include "kernel/core/timer.h"
#include "tests/fake/log.h"
#include "tests/fake/time.h"

#define MS UINT64_C(1000000)

static struct fault_events events;
static struct vtd_fault_listener ears;
static struct policy_device policy;
static struct {
    unsigned calls, explained;
    enum config_on_fault action;
    enum status answer;
} acted;

static void subject(void *context, struct sbdf source, struct fault_subject *out)
{
    (void)context;
    bool owned = sbdf_rid(source) == 0x20;
    *out = (struct fault_subject){.owner = {"8086:10d3", owned ? "user" : NULL}, .policy = owned ? &policy : NULL};
}

static void facts(void *context, const struct vtd_fault *fault, struct forensics_facts *out)
{
    (void)context;
    acted.explained++;
    *out = (struct forensics_facts){.fault = *fault, .is_function = true, .device = "0000:00:04.0", .guest = "user"};
}

static enum status act(void *context, struct sbdf source, enum config_on_fault action)
{
    (void)context;
    assert_int_equal(sbdf_rid(source), 0x20);
    acted.calls++;
    acted.action = action;
    return acted.answer;
}

static int setup(void **state)
{
    (void)state;
    const struct fault_events_ops ops = {subject, facts, act, NULL};
    fault_events_init(&events, &ops);
    ears = fault_events_listener(&events);
    policy = (struct policy_device){
        .rules = {.on_fault = CONFIG_FAULT_LOG, .severity = CONFIG_ERROR, .fault_limit = {3, 1000 * MS}}};
    memset(&acted, 0, sizeof(acted));
    event_reset();
    fake_time_reset();
    fake_time_advance_ns(1000 * MS);
    fake_log_reset();
    return 0;
}

static void fault_by(uint16_t rid)
{
    const struct vtd_fault f = {
        .source = sbdf_from_rid(0, rid), .access = VTD_FAULT_WRITE, .address = 0x40000000, .reason = 5};
    ears.fault(ears.context, &f);
}

/* The next event, or "". */
static const char *next(void)
{
    static char line[EVENT_LINE_MAX];
    line[0] = 0;
    event_take(line, sizeof(line));
    return line;
}

static uint64_t count_of(const char *line)
{
    const char *at = strstr(line, "\"count\":");
    return at == NULL ? 0 : strtoull(at + 8, NULL, 10);
}

static void one_fault(void **state)
{
    (void)state;
    fault_by(0x20);
    const char *line = next();
    assert_non_null(strstr(line, "\"severity\":\"error\",\"type\":\"fault\",\"unit\":0,\"source\":\"0000:00:04.0\","
                                 "\"device\":\"8086:10d3\",\"guest\":\"user\",\"access\":\"write\","
                                 "\"address\":\"0x40000000\",\"reason\":\"0x5\",\"text\":\"no write permission"));
    assert_non_null(strstr(line, "\"count\":1,\"lower-bound\":false,\"what\":\""));
    assert_non_null(strstr(line, "\"cause\":\"a driver's bug"));
    assert_string_equal(next(), "");
    assert_int_equal(fake_log_printed("fault: unit=0 sid=0000:00:04.0 device=8086:10d3 guest=user access=write"), 1);
    assert_int_equal(fake_log_printed("cause=\"a driver's bug"), 1);
}

static void nobodys(void **state)
{
    (void)state;
    fault_by(0x400);
    const char *line = next();
    assert_non_null(strstr(line, "\"severity\":\"warning\""));
    assert_non_null(strstr(line, "\"guest\":null"));
}

/* A million in a second of pretended time: few events and lines, and no record uncounted. */
static void a_flood_is_counted(void **state)
{
    (void)state;
    uint64_t told = 0, number = 0;
    const unsigned records = 1000000;
    for (unsigned i = 0; i < records; i++) {
        fake_time_advance_ns(1000);
        fault_by(0x20);
        for (const char *line = next(); *line != 0; line = next()) {
            told += count_of(line);
            number++;
        }
    }
    uint64_t wanted = ears.looked(ears.context, time_now_ns());
    assert_int_not_equal(wanted, TIMER_NEVER);
    fake_time_advance_ns(FAULT_EVENTS_NS);
    assert_int_equal(ears.looked(ears.context, time_now_ns()), TIMER_NEVER);
    told += count_of(next());
    assert_int_equal(told, records);
    assert_in_range(number, 4, 8);
    assert_true(acted.explained < 60);
    assert_in_range(fake_log_printed("fault: unit=0"), 16, 24);
}

static void more_sources_than_places(void **state)
{
    (void)state;
    uint64_t told = 0;
    for (unsigned round = 0; round < 3; round++) {
        for (uint16_t rid = 0x100; rid < 0x300; rid++) {
            fault_by(rid);
            told += count_of(next());
        }
    }
    fake_time_advance_ns(FAULT_EVENTS_NS);
    assert_int_equal(ears.looked(ears.context, time_now_ns()), TIMER_NEVER);
    bool several = false;
    for (const char *line = next(); *line != 0; line = next()) {
        told += count_of(line);
        several = several || strstr(line, "\"several-sources\":true") != NULL;
    }
    assert_int_equal(told, 3 * 0x200);
    assert_true(several);
    assert_in_range(fake_log_printed("fault: unit=0"), 20, 32); /* of all */
}

/* Somebody who was quiet for long keeps the count as long as there is room for others. */
static void counts_are_kept(void **state)
{
    (void)state;
    bool lower_bound = true;
    for (unsigned rid = 0x20; rid < 0x20 + 8 * 5; rid += 8) {
        fault_by((uint16_t)rid);
        fake_time_advance_ns(10 * FAULT_EVENTS_NS);
        (void)ears.looked(ears.context, time_now_ns());
    }
    for (unsigned rid = 0x20; rid < 0x20 + 8 * 5; rid += 8) {
        assert_int_equal(fault_events_count(ears.context, sbdf_from_rid(0, (uint16_t)rid), &lower_bound), 1);
        assert_false(lower_bound);
    }
}

static void lost_ones_make_a_lower_bound(void **state)
{
    (void)state;
    fault_by(0x20);
    assert_non_null(strstr(next(), "\"lower-bound\":false"));
    ears.lost(ears.context, 0);
    fake_time_advance_ns(FAULT_EVENTS_NS);
    ears.looked(ears.context, time_now_ns()); /* though none came since */
    const char *line = next();
    assert_non_null(strstr(line, "\"count\":0,\"lower-bound\":true"));
    fake_time_advance_ns(FAULT_EVENTS_NS);
    fault_by(0x20);
    assert_non_null(strstr(next(), "\"lower-bound\":false"));
    ears.lost(ears.context, 3); /* of another unit */
    fake_time_advance_ns(FAULT_EVENTS_NS);
    ears.looked(ears.context, time_now_ns());
    assert_string_equal(next(), "");
    assert_int_equal(fake_log_printed("overflow=1"), 1); /* one a second */
}

static void the_policy_acts_once(void **state)
{
    (void)state;
    policy.rules.on_fault = CONFIG_FAULT_STOP_DEVICE;
    acted.answer = STATUS_CONFLICT;
    for (unsigned i = 0; i < 100; i++) {
        fault_by(0x20);
    }
    assert_int_equal(acted.calls, 1);
    assert_int_equal(acted.action, CONFIG_FAULT_STOP_DEVICE);
    assert_int_equal(count_of(next()), 1);
    assert_int_equal(count_of(next()), 3); /* up to the fourth, which was too many */
    const char *line = next();
    assert_non_null(strstr(line, "\"type\":\"policy-applied\",\"source\":\"0000:00:04.0\",\"device\":\"8086:10d3\","
                                 "\"guest\":\"user\",\"action\":\"stop-device\",\"limit-count\":3,"
                                 "\"limit-us\":1000000,\"ok\":false,\"error\":"));
    assert_int_equal(fake_log_printed("policy: sid=0000:00:04.0"), 1);
}

static void what_is_nobodys_is_only_logged(void **state)
{
    (void)state;
    policy.rules.on_fault = CONFIG_FAULT_REBOOT;
    policy.rules.fault_limit.count = 0;
    for (unsigned i = 0; i < 100; i++) {
        fault_by(0x400);
    }
    assert_int_equal(acted.calls, 0);
    fault_by(0x20);
    assert_int_equal(acted.action, CONFIG_FAULT_REBOOT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_fault, setup),
        cmocka_unit_test_setup(nobodys, setup),
        cmocka_unit_test_setup(a_flood_is_counted, setup),
        cmocka_unit_test_setup(more_sources_than_places, setup),
        cmocka_unit_test_setup(counts_are_kept, setup),
        cmocka_unit_test_setup(lost_ones_make_a_lower_bound, setup),
        cmocka_unit_test_setup(the_policy_acts_once, setup),
        cmocka_unit_test_setup(what_is_nobodys_is_only_logged, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
