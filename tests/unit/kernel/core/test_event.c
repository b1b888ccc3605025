/* SPDX-License-Identifier: GPL-2.0-only
 * The ring of events: lines, order, what is lost, and log lines in it. */
#include "kernel/core/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/event_log.h"
#include "tests/fake/time.h"

static char line[EVENT_LINE_MAX];
static unsigned notified;

static void notify(void *context)
{
    (*(unsigned *)context)++;
}

static int fresh(void **state)
{
    (void)state;
    event_reset();
    event_on_put(NULL, NULL);
    event_log_set_level(LOG_WARN);
    fake_time_reset();
    notified = 0;
    return 0;
}

static void put(const char *text)
{
    struct event e;
    event_begin(&e, EVENT_INFO, "guest-started");
    json_text(&e.json, "guest", text);
    event_end(&e);
}

static const char *take(void)
{
    size_t length = event_take(line, sizeof(line));
    assert_int_equal(length, length == 0 ? 0 : strlen(line));
    return length == 0 ? NULL : line;
}

static void is_a_line(void **state)
{
    (void)state;
    assert_false(event_waiting());
    assert_null(take());
    put("user");
    assert_true(event_waiting());
    struct event e;
    event_begin(&e, EVENT_CRITICAL, "link");
    event_end(&e);
    assert_int_equal(event_last(), 2);
    assert_string_equal(take(), "{\"seq\":1,\"time-ns\":100,\"severity\":\"info\",\"type\":\"guest-started\","
                                "\"guest\":\"user\"}\n");
    assert_string_equal(take(), "{\"seq\":2,\"time-ns\":200,\"severity\":\"critical\",\"type\":\"link\"}\n");
    assert_null(take());
    assert_false(event_waiting());
    assert_int_equal(event_lost(), 0);
}

static void closes_what_was_left_open(void **state)
{
    (void)state;
    struct event e;
    event_begin(&e, EVENT_ERROR, "hello");
    json_array(&e.json, "guests");
    json_object(&e.json, NULL);
    event_end(&e);
    assert_string_equal(take(), "{\"seq\":1,\"time-ns\":100,\"severity\":\"error\",\"type\":\"hello\","
                                "\"guests\":[{}]}\n");
}

static void says_that_it_was_cut(void **state)
{
    (void)state;
    char text[EVENT_MEMBERS_MAX];
    memset(text, '"', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    put(text);
    assert_string_equal(take(), "{\"seq\":1,\"time-ns\":100,\"severity\":\"info\",\"type\":\"guest-started\","
                                "\"cut\":true}\n");
    for (size_t size = EVENT_MEMBERS_MAX - 60; size < EVENT_MEMBERS_MAX; size++) { /* the longest lines there are */
        memset(text, 'a', size);
        text[size - 1] = 0;
        put(text);
        assert_true(strlen(take()) < EVENT_LINE_MAX);
    }
}

static void notifies(void **state)
{
    (void)state;
    event_on_put(notify, &notified);
    put("a");
    put("b");
    assert_int_equal(notified, 2);
    take();
    assert_int_equal(notified, 2);
}

/* Reads all there is: numbers go up by one, or by what a "dropped" line says. Returns the events that were told, those
 * lost among them. */
static uint64_t read_all(uint64_t *next, uint64_t *dropped)
{
    uint64_t told = 0, time_before = 0;
    while (take() != NULL) {
        unsigned long long seq, ns, count = 0;
        assert_int_equal(sscanf(line, "{\"seq\":%llu,\"time-ns\":%llu,", &seq, &ns), 2);
        const char *lost = strstr(line, "\"type\":\"dropped\",\"count\":");
        assert_true(lost == NULL || sscanf(lost, "\"type\":\"dropped\",\"count\":%llu}\n", &count) == 1);
        assert_true(lost == NULL || count != 0);
        *next += lost == NULL ? 1 : count;
        *dropped += count;
        assert_int_equal(seq + 1, *next);
        assert_true(ns >= time_before);
        time_before = ns;
        told += lost == NULL ? 1 : count;
    }
    return told;
}

static void counts_what_it_lost(void **state)
{
    (void)state;
    uint64_t next = 1, dropped = 0, sent = 0;
    char text[600];
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 1000 * round; i++) {
            memset(text, 'a' + (char)(i % 26), sizeof(text));
            text[(i * 7 + round) % sizeof(text)] = 0;
            text[sizeof(text) - 1] = 0;
            put(text);
            sent++;
        }
        read_all(&next, &dropped);
        assert_int_equal(next, sent + 1);
        assert_int_equal(dropped, event_lost());
    }
    assert_true(dropped > 1000 && dropped < sent);
}

static void keeps_the_last_ones_without_a_reader(void **state)
{
    (void)state;
    char text[32];
    for (unsigned i = 1; i <= 100000; i++) {
        snprintf(text, sizeof(text), "%u", i);
        put(text);
    }
    uint64_t next = 1, dropped = 0;
    assert_int_equal(read_all(&next, &dropped), 100000);
    assert_true(dropped != 0 && 100000 - dropped > 2000);
    put("after");
    assert_non_null(strstr(take(), "\"seq\":100001,"));
}

static void has_log_lines_of_a_level(void **state)
{
    (void)state;
    event_log_put(LOG_INFO, "guest: x");
    assert_null(take());
    event_log_put(LOG_WARN, "pci: \"x\"");
    assert_string_equal(take(),
                        "{\"seq\":1,\"time-ns\":100,\"severity\":\"warning\",\"type\":\"log\",\"level\":\"warn\","
                        "\"text\":\"pci: \\\"x\\\"\"}\n");
    event_log_set_level(LOG_DEBUG);
    assert_int_equal(event_log_level(), LOG_DEBUG);
    event_log_put(LOG_DEBUG, "y");
    assert_non_null(strstr(take(), "\"severity\":\"info\",\"type\":\"log\",\"level\":\"debug\""));
    event_log_set_level(EVENT_LOG_NONE);
    event_log_put(LOG_ERROR, "z");
    assert_null(take());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(is_a_line, fresh),
        cmocka_unit_test_setup(closes_what_was_left_open, fresh),
        cmocka_unit_test_setup(says_that_it_was_cut, fresh),
        cmocka_unit_test_setup(notifies, fresh),
        cmocka_unit_test_setup(counts_what_it_lost, fresh),
        cmocka_unit_test_setup(keeps_the_last_ones_without_a_reader, fresh),
        cmocka_unit_test_setup(has_log_lines_of_a_level, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
