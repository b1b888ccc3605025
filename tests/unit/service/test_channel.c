/* SPDX-License-Identifier: GPL-2.0-only
 * The channel's ports: hello and events, commands that wait their turn, promised resets, consoles of others. */
#include "service/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/fake/time.h"
#include "tests/unit/service/control_rig.h"

enum { EVENTS, CONTROL, CONSOLE };

static struct channel *channel;
static struct virtio_console_port ports[CHANNEL_CONSOLES_MAX + 2];
static unsigned port_count, wakes, machine_calls;
static enum control_machine machine;
static struct vm *woken;
static char typed[8];
static size_t typed_count;

void vm_platform_device_wake(struct vm *vm)
{
    woken = vm;
    wakes++;
}

bool vm_platform_input(struct vm *vm, uint8_t byte)
{
    assert_ptr_equal(vm, &control_rig.guests[1]->vm);
    if (typed_count == sizeof(typed)) {
        return false;
    }
    typed[typed_count++] = (char)byte;
    return true;
}

static void end_machine(enum control_machine what)
{
    machine = what;
    machine_calls++;
}

static int fresh(void **state)
{
    (void)state;
    static const char *const names[] = {"service", "user", "storage-1"};
    control_rig_make();
    fake_time_reset();
    wakes = machine_calls = 0;
    typed_count = 0;
    woken = NULL;
    channel = calloc(1, channel_bytes(CONTROL_RIG_GUESTS));
    const struct channel_parts parts = {
        .control = control_rig.control.parts, .guest_names = names, .self = 0, .machine = end_machine};
    channel_init(channel, &parts);
    port_count = channel_ports(channel, ports);
    for (size_t i = 0; i < CONTROL_RIG_GUESTS; i++) {
        channel_guest_made(channel, i, control_rig.guests[i]);
    }
    return 0;
}

static int clean(void **state)
{
    (void)state;
    event_on_put(NULL, NULL);
    free(channel);
    control_rig_free();
    return 0;
}

static void put_event(const char *guest)
{
    struct event e;
    event_begin(&e, EVENT_INFO, "guest-started");
    json_text(&e.json, "guest", guest);
    event_end(&e);
}

/* Everything that a port has, taken in pieces of `piece` bytes. */
static char taken[1 << 20];
static const char *take_all(unsigned port, size_t piece)
{
    size_t count = 0, got = 1;
    while (got != 0 && count + piece < sizeof(taken)) {
        got = ports[port].take(ports[port].context, (uint8_t *)taken + count, piece);
        assert_true(got <= piece);
        count += got;
    }
    taken[count] = 0;
    return taken;
}

static size_t give(unsigned port, const char *text)
{
    return ports[port].give(ports[port].context, (const uint8_t *)text, strlen(text));
}

static void set_open(unsigned port, bool open)
{
    ports[port].opened(ports[port].context, open);
}

static void has_its_ports(void **state)
{
    (void)state;
    assert_int_equal(port_count, 4);
    assert_string_equal(ports[EVENTS].name, "org.bulkhead.events");
    assert_string_equal(ports[CONTROL].name, "org.bulkhead.control");
    assert_string_equal(ports[CONSOLE].name, "org.bulkhead.console.user");
    assert_string_equal(ports[CONSOLE + 1].name, "org.bulkhead.console.storage-1");
    assert_null(channel_text(channel, 0));
    assert_ptr_not_equal(channel_text(channel, 1), channel_text(channel, 2));
    assert_null(ports[EVENTS].give);
}

#define HELLO(seq)                                                                                                     \
    "{\"seq\":" seq ",\"time-ns\":100,\"severity\":\"info\",\"type\":\"hello\",\"version\":\"1.0\","                   \
    "\"config-sha256\":\"0123\",\"measured-log\":false,\"guests\":[\"service\",\"user\",\"storage-1\"]}\n"
#define STARTED(seq, time)                                                                                             \
    "{\"seq\":" seq ",\"time-ns\":" time ",\"severity\":\"info\",\"type\":\"guest-started\",\"guest\":\"user\"}\n"

static void greets_and_tells(void **state)
{
    (void)state;
    fake_time_step_ns(0);
    fake_time_advance_ns(100);
    set_open(EVENTS, true);
    assert_string_equal(take_all(EVENTS, 1), HELLO("0"));
    put_event("user");
    put_event("user");
    assert_string_equal(take_all(EVENTS, 7), STARTED("1", "100") STARTED("2", "100"));
    set_open(EVENTS, false);
    put_event("user");
    set_open(EVENTS, true);
    assert_string_equal(take_all(EVENTS, 4096), HELLO("2") STARTED("3", "100"));
}

static void a_cut_line_comes_again(void **state)
{
    (void)state;
    fake_time_step_ns(0);
    fake_time_advance_ns(100);
    uint8_t piece[20];
    set_open(EVENTS, true);
    put_event("user");
    assert_int_equal(ports[EVENTS].take(channel, piece, sizeof(piece)), sizeof(piece)); /* a part of hello */
    set_open(EVENTS, false);
    set_open(EVENTS, true);
    for (size_t left = strlen(HELLO("0")) + 20; left != 0;
         left -= ports[EVENTS].take(channel, piece, left < 20 ? left : 20)) {
    }
    set_open(EVENTS, false); /* after 20 bytes of the event */
    set_open(EVENTS, true);
    assert_string_equal(take_all(EVENTS, 4096), HELLO("0") STARTED("1", "100"));
}

static void a_slow_reader_learns_what_it_lost(void **state)
{
    (void)state;
    uint64_t sent = 20000, told = 0, dropped = 0;
    set_open(EVENTS, true);
    take_all(EVENTS, 100);
    for (uint64_t i = 0; i < sent; i++) {
        put_event("user");
    }
    for (char *line = strtok((char *)take_all(EVENTS, 4096), "\n"); line != NULL; line = strtok(NULL, "\n")) {
        unsigned long long seq, count = 1;
        const char *lost = strstr(line, "\"type\":\"dropped\",\"count\":");
        assert_int_equal(sscanf(line, "{\"seq\":%llu,", &seq), 1);
        assert_true(lost == NULL || sscanf(lost, "\"type\":\"dropped\",\"count\":%llu", &count) == 1);
        dropped += lost == NULL ? 0 : count;
        told += count;
        assert_int_equal(seq, told);
    }
    assert_int_equal(told, sent);
    assert_true(dropped != 0 && dropped == event_lost());
}

static void wakes_once_for_many(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        put_event("user");
    }
    assert_int_equal(wakes, 1);
    assert_ptr_equal(woken, &control_rig.guests[0]->vm);
    set_open(EVENTS, true);
    take_all(EVENTS, 4096);
    put_event("user");
    assert_int_equal(wakes, 2);
}

static void a_command_waits_for_the_answer_before(void **state)
{
    (void)state;
    const char *two = "{\"id\":1,\"command\":\"log-level\"}\n{\"id\":2,\"command\":\"log-level\"}\n";
    size_t first = strchr(two, '\n') + 1 - two;
    set_open(CONTROL, true);
    assert_int_equal(give(CONTROL, "\n\n"), 2); /* blank lines are nothing */
    assert_string_equal(take_all(CONTROL, 100), "");
    assert_int_equal(give(CONTROL, "{\"id\":0,"), 8);
    assert_int_equal(give(CONTROL, "\"command\":\"log-level\"}\n"), 23);
    assert_string_equal(take_all(CONTROL, 3), "{\"id\":0,\"ok\":true,\"level\":\"info\",\"events\":\"warn\"}\n");
    assert_int_equal(give(CONTROL, two), first);
    assert_int_equal(give(CONTROL, two + first), 0);
    unsigned before = wakes;
    assert_string_equal(take_all(CONTROL, 3), "{\"id\":1,\"ok\":true,\"level\":\"info\",\"events\":\"warn\"}\n");
    assert_int_equal(wakes, before + 1); /* there is room again */
    assert_int_equal(give(CONTROL, two + first), strlen(two + first));
    assert_non_null(strstr(take_all(CONTROL, 4096), "{\"id\":2,\"ok\":true"));
}

static void long_lines_are_not_kept(void **state)
{
    (void)state;
    char line[CONTROL_LINE_MAX + 3];
    memset(line, ' ', sizeof(line));
    memcpy(line, "{\"command\":\"log-level\"}", 23);
    line[CONTROL_LINE_MAX] = '\n';
    line[CONTROL_LINE_MAX + 1] = 0;
    assert_int_equal(give(CONTROL, line), CONTROL_LINE_MAX + 1);
    assert_non_null(strstr(take_all(CONTROL, 4096), "\"ok\":true"));
    line[CONTROL_LINE_MAX] = ' ';
    line[CONTROL_LINE_MAX + 1] = '\n';
    line[CONTROL_LINE_MAX + 2] = 0;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(give(CONTROL, "xxxxxxxxxxxxxxxxxxxxxxx"), 23);
    }
    assert_int_equal(give(CONTROL, line), CONTROL_LINE_MAX + 2);
    assert_non_null(strstr(take_all(CONTROL, 4096), "\"code\":\"too-long\""));
    assert_int_equal(give(CONTROL, "{\"command\":\"log-level\"}\n"), 24);
    assert_non_null(strstr(take_all(CONTROL, 4096), "\"ok\":true"));
}

static void a_new_reader_starts_afresh(void **state)
{
    (void)state;
    set_open(CONTROL, true);
    give(CONTROL, "{\"command\":\"help\"}\n{\"comm");
    set_open(CONTROL, false);
    set_open(CONTROL, true);
    assert_string_equal(take_all(CONTROL, 100), "");
    assert_int_equal(give(CONTROL, "{\"command\":\"log-level\"}\n"), 24);
    assert_non_null(strstr(take_all(CONTROL, 100), "{\"ok\":true"));
}

static void keeps_its_promise_after_the_answer(void **state)
{
    (void)state;
    give(CONTROL, "{\"command\":\"reboot\"}\n");
    fake_time_advance_ns(1000000000);
    channel_poll(channel);
    assert_int_equal(machine_calls, 0); /* the answer was not read */
    assert_string_equal(take_all(CONTROL, 100), "{\"ok\":true}\n");
    channel_poll(channel);
    assert_int_equal(machine_calls, 0);
    fake_time_advance_ns(1000000000);
    take_all(CONTROL, 100);
    assert_int_equal(machine_calls, 1);
    assert_int_equal(machine, CONTROL_MACHINE_REBOOT);
    channel_poll(channel);
    assert_int_equal(machine_calls, 1);
    give(CONTROL, "{\"command\":\"none\"}\n"); /* it did not come to that: nor by anything else */
    take_all(CONTROL, 1000);
    fake_time_advance_ns(1000000000);
    channel_poll(channel);
    assert_int_equal(machine_calls, 1);
}

/* Else the next command, whatever it is, would do it. */
static void a_reader_that_leaves_takes_no_reboot_back(void **state)
{
    (void)state;
    give(CONTROL, "{\"command\":\"reboot\"}\n");
    ports[CONTROL].opened(ports[CONTROL].context, false);
    assert_int_equal(machine_calls, 0);
    fake_time_advance_ns(1000000000);
    channel_poll(channel);
    assert_int_equal(machine_calls, 1);
    assert_int_equal(machine, CONTROL_MACHINE_REBOOT);
}

static void has_the_consoles_of_others(void **state)
{
    (void)state;
    text_ring_put(channel_text(channel, 1), (const uint8_t *)"login: ", 7);
    assert_int_equal(wakes, 1);
    assert_string_equal(take_all(CONSOLE, 100), "login: ");
    assert_string_equal(take_all(CONSOLE + 1, 100), "");
    assert_int_equal(give(CONSOLE, "root\nls -l\n"), 8);
    assert_memory_equal(typed, "root\nls ", 8);
    struct vm_platform *p = &control_rig.guests[1]->vm.platform;
    p->input_room(p->input_room_context);
    assert_int_equal(wakes, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(has_its_ports, fresh, clean),
        cmocka_unit_test_setup_teardown(greets_and_tells, fresh, clean),
        cmocka_unit_test_setup_teardown(a_cut_line_comes_again, fresh, clean),
        cmocka_unit_test_setup_teardown(a_slow_reader_learns_what_it_lost, fresh, clean),
        cmocka_unit_test_setup_teardown(wakes_once_for_many, fresh, clean),
        cmocka_unit_test_setup_teardown(a_command_waits_for_the_answer_before, fresh, clean),
        cmocka_unit_test_setup_teardown(long_lines_are_not_kept, fresh, clean),
        cmocka_unit_test_setup_teardown(a_new_reader_starts_afresh, fresh, clean),
        cmocka_unit_test_setup_teardown(keeps_its_promise_after_the_answer, fresh, clean),
        cmocka_unit_test_setup_teardown(a_reader_that_leaves_takes_no_reboot_back, fresh, clean),
        cmocka_unit_test_setup_teardown(has_the_consoles_of_others, fresh, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
