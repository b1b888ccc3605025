/* SPDX-License-Identifier: GPL-2.0-only
 * Commands: what each answers and does, and what is said about those that are wrong. */
#include "service/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernel/core/last_boot.h"
#include "kernel/lib/bits.h"
#include "service/control_command.h"
#include "service/measured.h"
#include "tests/fake/memory.h"
#include "tests/unit/service/control_rig.h"

static int fresh(void **state)
{
    (void)state;
    control_rig_make();
    return 0;
}

static int clean(void **state)
{
    (void)state;
    control_rig_free();
    return 0;
}

static const char *ask(const char *line)
{
    char *copy = malloc(strlen(line) + 1);
    memcpy(copy, line, strlen(line));
    control_line(&control_rig.control, copy, strlen(line));
    free(copy);
    const char *answer = control_rig.control.answer;
    assert_int_equal(control_rig.control.answer_length, strlen(answer));
    assert_true(strlen(answer) > 2 && strcmp(answer + strlen(answer) - 2, "}\n") == 0);
    assert_ptr_equal(strchr(answer, '\n'), answer + strlen(answer) - 1);
    return answer;
}

#define ANSWERS(line, answer) assert_string_equal(ask(line), answer "\n")

static void refused(const char *line, const char *code, const char *error, const char *fix)
{
    char expected[512];
    snprintf(expected, sizeof(expected), "{\"ok\":false,\"code\":\"%s\",\"error\":\"%s\",\"fix\":\"%s\"}\n", code,
             error, fix);
    assert_string_equal(ask(line), expected);
    assert_int_equal(control_rig.orders + control_rig.device_orders, 0);
    assert_int_equal(control_rig.control.machine, CONTROL_MACHINE_ON);
}

static void says_what_guests_do(void **state)
{
    (void)state;
    ANSWERS("{\"id\":1,\"command\":\"guests\"}",
            "{\"id\":1,\"ok\":true,\"guests\":["
            "{\"name\":\"service\",\"state\":\"running\",\"service\":true,\"cpus\":1,\"memory-mib\":0,\"devices\":0,"
            "\"exits\":0,\"device-interrupts\":0,\"starts\":0},"
            "{\"name\":\"user\",\"state\":\"running\",\"service\":false,\"cpus\":1,\"memory-mib\":0,\"devices\":3,"
            "\"exits\":0,\"device-interrupts\":0,\"starts\":0},"
            "{\"name\":\"storage-1\",\"state\":\"crashed\",\"service\":false,\"cpus\":1,\"memory-mib\":0,\"devices\":1,"
            "\"exits\":0,\"device-interrupts\":0,\"starts\":0,\"why\":\"triple fault at \\\"0x10\\\"\"}],\"total\":3}");
    ANSWERS("{\"command\":\"guests\",\"from\":3}", "{\"ok\":true,\"guests\":[],\"total\":3}");
    assert_non_null(strstr(ask("{\"command\":\"guests\",\"from\":2}"), "[{\"name\":\"storage-1\""));
    refused("{\"command\":\"guests\",\"from\":-1}", "bad-value", "member 'from' is no index",
            "write the number that \\\"next\\\" of the answer before had");
    refused("{\"command\":\"guests\",\"from\":99999999999999999999}", "bad-value", "member 'from' is no index",
            "write the number that \\\"next\\\" of the answer before had");
}

static void gives_orders_to_guests(void **state)
{
    (void)state;
    ANSWERS("{\"id\":\"a\",\"command\":\"pause\",\"guest\":\"user\"}",
            "{\"id\":\"a\",\"ok\":true,\"guest\":\"user\",\"state\":\"paused\"}");
    ANSWERS("{\"command\":\"resume\",\"guest\":\"user\"}", "{\"ok\":true,\"guest\":\"user\",\"state\":\"running\"}");
    ANSWERS("{\"command\":\"shutdown\",\"guest\":\"user\"}", "{\"ok\":true,\"guest\":\"user\",\"state\":\"running\"}");
    ANSWERS("{\"command\":\"stop\",\"guest\":\"user\"}", "{\"ok\":true,\"guest\":\"user\",\"state\":\"stopping\"}");
    ANSWERS("{\"command\":\"start\",\"guest\":\"storage-1\"}",
            "{\"ok\":true,\"guest\":\"storage-1\",\"state\":\"starting\"}");
    ANSWERS("{\"command\":\"restart\",\"guest\":\"service\"}",
            "{\"ok\":true,\"guest\":\"service\",\"state\":\"stopping\"}");
    assert_int_equal(control_rig.orders, 6);
}

static void refuses_orders(void **state)
{
    (void)state;
    refused("{\"command\":\"start\",\"guest\":\"user\"}", "not-possible",
            "guest 'user' is running: 'start' is not possible",
            "{\\\"command\\\":\\\"guests\\\"} shows the states; wait, or order something else");
    refused("{\"command\":\"stop\",\"guest\":\"usr\"}", "not-found", "no guest 'usr'",
            "write \\\"guest\\\":\\\"user\\\"");
    refused("{\"command\":\"stop\",\"guest\":\"\\u0001\xc3\xa4\"}", "not-found", "no guest '\\u0001\xc3\xa4'",
            "{\\\"command\\\":\\\"guests\\\"} lists them");
    refused("{\"command\":\"stop\",\"guest\":\"service\"}", "not-possible",
            "guest 'service' is the service guest: nobody could undo 'stop'",
            "use restart, or shut it down from inside");
    refused("{\"command\":\"pause\",\"guest\":\"service\"}", "not-possible",
            "guest 'service' is the service guest: nobody could undo 'pause'",
            "use restart, or shut it down from inside");
    refused("{\"command\":\"shutdown\",\"guest\":\"service\"}", "not-possible",
            "guest 'service' is the service guest: nobody could undo 'shutdown'",
            "use restart, or shut it down from inside");
    refused("{\"command\":\"shutdown\",\"guest\":\"storage-1\"}", "not-possible",
            "guest 'storage-1' is crashed: 'shutdown' is not possible",
            "{\\\"command\\\":\\\"guests\\\"} shows the states; wait, or order something else");
    control_rig.deaf = true;
    refused("{\"command\":\"shutdown\",\"guest\":\"user\"}", "not-possible",
            "guest 'user' does not listen to its power button",
            "have its system handle the ACPI power button (Linux: module button, with systemd-logind or acpid), or use "
            "stop");
    control_rig.guests[2]->lost = true;
    control_rig.states[2] = VM_ORDER_WAITING;
    refused("{\"command\":\"restart\",\"guest\":\"storage-1\"}", "not-possible",
            "guest 'storage-1' is waiting, and a device of it could not be withdrawn: 'restart' is not possible",
            "restart the machine: {\\\"command\\\":\\\"reboot\\\"}");
}

static void knows_devices(void **state)
{
    (void)state;
    ANSWERS(
        "{\"command\":\"devices\",\"from\":1}",
        "{\"ok\":true,\"devices\":[{\"device\":\"0000:00:02.0\",\"id\":\"8086:1000\",\"guest\":\"user\",\"stopped\":"
        "false,\"faults\":16,\"lower-bound\":false},{\"device\":\"0000:00:03.0\",\"id\":\"8086:1000\",\"guest\":"
        "\"user\",\"stopped\":false,\"faults\":24,\"lower-bound\":false},{\"device\":\"0000:00:04.0\",\"id\":"
        "\"8086:1000\",\"guest\":\"storage-1\",\"stopped\":false,\"faults\":32,\"lower-bound\":false}],\"total\":4}");
    assert_non_null(strstr(ask("{\"command\":\"faults\"}"), "{\"ok\":true,\"faults\":99,\"devices\":[{\"device\":"
                                                            "\"0000:00:01.0\",\"id\":\"8086:1000\",\"guest\":\"user\","
                                                            "\"stopped\":false,\"faults\":8,\"lower-bound\":true}"));
    ANSWERS("{\"command\":\"stop-device\",\"device\":\"0000:00:02.0\"}",
            "{\"ok\":true,\"device\":\"0000:00:02.0\",\"guest\":\"user\"}");
    assert_true(control_rig.stopped[1]);
    assert_non_null(strstr(ask("{\"command\":\"devices\"}"), "\"0000:00:02.0\",\"id\":\"8086:1000\",\"guest\":\"user\","
                                                             "\"stopped\":true"));
    ANSWERS("{\"command\":\"return-device\",\"device\":\"0000:00:02.0\"}",
            "{\"ok\":true,\"device\":\"0000:00:02.0\",\"guest\":\"user\"}");
    assert_int_equal(control_rig.device_orders, 2);
    control_rig.device_orders = 0;
    refused("{\"command\":\"return-device\",\"device\":\"0000:00:02.0\"}", "not-possible",
            "device 0000:00:02.0 is not stopped", "{\\\"command\\\":\\\"devices\\\"} lists them");
    refused("{\"command\":\"stop-device\",\"device\":\"0000:00:1f.0\"}", "not-found",
            "no guest has a device '0000:00:1f.0'", "{\\\"command\\\":\\\"devices\\\"} lists them");
    refused("{\"command\":\"stop-device\",\"device\":\"nvme\"}", "bad-value",
            "'nvme' is no device: segment:bus:device.function is one",
            "write \\\"device\\\":\\\"0000:3b:00.0\\\"; {\\\"command\\\":\\\"devices\\\"} lists them");
    assert_non_null(
        strstr(ask("{\"command\":\"stop-device\",\"device\":\"0000:00:04.0\"}"), "\"code\":\"not-possible\""));
}

#define PORT(guest, up)                                                                                                \
    "{\"guest\":\"" guest "\",\"up\":" up ",\"packets-sent\":0,\"bytes-sent\":0,\"packets-received\":0,"               \
    "\"bytes-received\":0,\"dropped\":0}"
#define LINK(name, up) "{\"name\":\"" name "\",\"up\":" up ",\"mtu\":1500,\"packets\":0,\"bytes\":0,\"dropped\":0,"

static void cuts_networks(void **state)
{
    (void)state;
    ANSWERS("{\"command\":\"cut\",\"network\":\"lan\"}", "{\"ok\":true,\"network\":\"lan\",\"up\":false}");
    assert_false(net_link_is_up(&control_rig.links[0], NULL));
    assert_int_equal(control_rig.wakes, 2);
    ANSWERS("{\"command\":\"networks\"}",
            "{\"ok\":true,\"networks\":[" LINK("lan", "false") "\"guests\":[" PORT("service", "false") "," PORT(
                "user", "false") "]}," LINK("storage-net",
                                            "true") "\"guests\":[" PORT("service",
                                                                        "true") "," PORT("storage-1",
                                                                                         "true") "]}],\"total\":2}");
    refused("{\"command\":\"cut\",\"network\":\"lan\"}", "not-possible", "network 'lan' is cut already",
            "{\\\"command\\\":\\\"networks\\\"} shows which are up");
    ANSWERS("{\"command\":\"restore\",\"network\":\"lan\"}", "{\"ok\":true,\"network\":\"lan\",\"up\":true}");
    assert_true(net_link_is_up(&control_rig.links[0], NULL));
    refused("{\"command\":\"restore\",\"network\":\"lam\"}", "not-found", "no network 'lam'",
            "write \\\"network\\\":\\\"lan\\\"");
    control_rig.control.parts.network_count = 0;
    ANSWERS("{\"command\":\"networks\"}", "{\"ok\":true,\"networks\":[],\"total\":0}");
    refused("{\"command\":\"cut\",\"network\":\"lan\"}", "not-found", "no network 'lan'",
            "{\\\"command\\\":\\\"networks\\\"} lists them");
}

static void cuts_one_guest(void **state)
{
    (void)state;
    ANSWERS("{\"command\":\"cut\",\"network\":\"lan\",\"guest\":\"user\"}",
            "{\"ok\":true,\"network\":\"lan\",\"guest\":\"user\",\"up\":false}");
    assert_true(net_link_is_up(&control_rig.links[0], NULL));
    assert_true(net_link_is_up(&control_rig.links[0], &control_rig.ports[0]));
    assert_false(net_link_is_up(&control_rig.links[0], &control_rig.ports[1]));
    refused("{\"command\":\"cut\",\"network\":\"lan\",\"guest\":\"user\"}", "not-possible",
            "guest 'user' is cut from network 'lan' already", "{\\\"command\\\":\\\"networks\\\"} shows which are up");
    refused("{\"command\":\"restore\",\"network\":\"lan\",\"guest\":\"service\"}", "not-possible",
            "guest 'service' is on network 'lan' already", "{\\\"command\\\":\\\"networks\\\"} shows which are up");
    refused("{\"command\":\"cut\",\"network\":\"lan\",\"guest\":\"storage-1\"}", "not-found",
            "guest 'storage-1' is not on network 'lan'", "{\\\"command\\\":\\\"networks\\\"} lists who is on it");
    ANSWERS("{\"command\":\"restore\",\"network\":\"lan\",\"guest\":\"user\"}",
            "{\"ok\":true,\"network\":\"lan\",\"guest\":\"user\",\"up\":true}");
    assert_true(net_link_is_up(&control_rig.links[0], &control_rig.ports[1]));
}

static void speaks_of_the_machine(void **state)
{
    (void)state;
    const char *answer = ask("{\"command\":\"status\"}");
    assert_non_null(strstr(answer, "{\"ok\":true,\"version\":\"1.0\",\"config-sha256\":\"0123\",\"time-ns\":"));
    assert_non_null(strstr(answer,
                           ",\"cpus\":4,\"service\":\"service\",\"guest-count\":3,\"guests-running\":2,\"faults\":99,"
                           "\"events\":{\"last\":0,\"dropped\":0},\"log\":{\"level\":\"info\",\"events\":\"warn\"},"
                           "\"can-power-off\":true}"));
    ANSWERS("{\"command\":\"log-level\"}", "{\"ok\":true,\"level\":\"info\",\"events\":\"warn\"}");
    ANSWERS("{\"command\":\"log-level\",\"level\":\"debug\",\"events\":\"none\"}",
            "{\"ok\":true,\"level\":\"debug\",\"events\":\"none\"}");
    assert_int_equal(event_log_level(), EVENT_LOG_NONE);
    refused("{\"command\":\"log-level\",\"level\":\"loud\"}", "bad-value", "no such level for command 'log-level'",
            "write \\\"error\\\", \\\"warn\\\", \\\"info\\\" or \\\"debug\\\"; for \\\"events\\\", \\\"none\\\" too");
    ANSWERS("{\"command\":\"log-level\"}", "{\"ok\":true,\"level\":\"debug\",\"events\":\"none\"}");
}

static void ends_the_machine(void **state)
{
    (void)state;
    ANSWERS("{\"command\":\"reboot\"}", "{\"ok\":true}");
    assert_int_equal(control_rig.control.machine, CONTROL_MACHINE_REBOOT);
    ANSWERS("{\"command\":\"poweroff\"}", "{\"ok\":true}");
    assert_int_equal(control_rig.control.machine, CONTROL_MACHINE_OFF);
    control_rig_make();
    control_rig.no_off = "it has no switch";
    refused("{\"command\":\"poweroff\"}", "not-supported", "'poweroff' cannot be: it has no switch",
            "use reboot, or the machine's own button");
}

static void helps(void **state)
{
    (void)state;
    const char *answer = ask("{\"command\":\"help\"}");
    static const char *const names[] = {"help",          "status",    "guests",  "devices",  "faults",  "networks",
                                        "start",         "stop",      "restart", "pause",    "resume",  "stop-device",
                                        "return-device", "cut",       "restore", "watches",  "watch",   "measured-log",
                                        "log-level",     "last-boot", "reboot",  "poweroff", "shutdown"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char text[64];
        snprintf(text, sizeof(text), "{\"command\":\"%s\",", names[i]);
        assert_non_null(strstr(answer, text));
    }
    assert_null(control_command_at(ARRAY_LENGTH(names)));
    assert_non_null(
        strstr(answer, "{\"command\":\"stop\",\"guest\":{\"example\":\"user\",\"optional\":false},\"text\":"));
    assert_false(control_rig.control.json.cut);
}

#define FIX_HELP "{\\\"command\\\":\\\"help\\\"} lists all commands"
#define FIX_JSON "write one JSON object a line, such as {\\\"command\\\":\\\"help\\\"}"

static void refuses_what_is_wrong(void **state)
{
    (void)state;
    refused("", "not-json", "not a control line: an object, {...}, should start here, at byte 0", FIX_JSON);
    refused("restart user", "not-json", "not a control line: an object, {...}, should start here, at byte 0", FIX_JSON);
    refused("{\"command\":\"help\"", "not-json", "not a control line: the line ends too early, at byte 17", FIX_JSON);
    refused("{}", "missing-member", "there is no member 'command' with a string",
            "write \\\"command\\\":\\\"NAME\\\"; " FIX_HELP);
    refused("{\"command\":7}", "missing-member", "there is no member 'command' with a string",
            "write \\\"command\\\":\\\"NAME\\\"; " FIX_HELP);
    refused("{\"command\":\"format-disk\"}", "unknown-command", "no command 'format-disk'", FIX_HELP);
    refused("{\"command\":\"guest\"}", "unknown-command", "no command 'guest'",
            "write \\\"command\\\":\\\"guests\\\"; " FIX_HELP);
    refused("{\"command\":\"stop\"}", "missing-member", "command 'stop' needs the member 'guest'",
            "write {\\\"command\\\":\\\"stop\\\",\\\"guest\\\":\\\"user\\\"}");
    refused("{\"command\":\"stop\",\"gest\":\"user\"}", "unknown-member", "command 'stop' has no member 'gest'",
            "write \\\"guest\\\":\\\"user\\\"");
    refused("{\"command\":\"reboot\",\"when\":\"later\"}", "unknown-member", "command 'reboot' has no member 'when'",
            "write {\\\"command\\\":\\\"reboot\\\"}");
    refused("{\"command\":\"stop\",\"guest\":[\"user\"]}", "bad-value", "member 'guest' is of the wrong kind",
            "write \\\"guest\\\":\\\"user\\\"");
    control_line_too_long(&control_rig.control);
    assert_string_equal(control_rig.control.answer,
                        "{\"ok\":false,\"code\":\"too-long\",\"error\":\"the line has more than "
                        "4096 bytes\",\"fix\":\"write shorter lines\"}\n");
}

static void arms_a_watch(void **state)
{
    (void)state;
    struct vm_owned *user = control_rig.guests[1];
    ANSWERS("{\"command\":\"watch\",\"guest\":\"user\",\"on\":true}",
            "{\"ok\":false,\"code\":\"not-possible\",\"error\":\"guest 'user' has no ranges to watch\",\"fix\":\"add "
            "watch = [\\\"0x1000000+0x200000\\\"] to its table, and start anew\"}");
    user->watch.rules.count = 2;
    user->watch.report.total = 5;
    user->vm.memory.watch = &user->watch;
    ANSWERS("{\"command\":\"watch\",\"guest\":\"user\",\"on\":true}", "{\"ok\":true,\"guest\":\"user\",\"on\":true}");
    assert_true(user->watch.armed);
    ANSWERS("{\"command\":\"watches\"}",
            "{\"ok\":true,\"watches\":[{\"guest\":\"user\",\"armed\":true,\"on-watch\":\"block\",\"ranges\":2,"
            "\"writes\":5}],\"total\":1}");
    ANSWERS("{\"command\":\"watch\",\"guest\":\"user\",\"on\":false}", "{\"ok\":true,\"guest\":\"user\",\"on\":false}");
    assert_false(user->watch.armed);
    assert_non_null(strstr(ask("{\"command\":\"watch\",\"guest\":\"user\",\"on\":1}"), "\"code\":\"bad-value\""));
    assert_non_null(strstr(ask("{\"command\":\"watch\",\"guest\":\"user\"}"), "\"code\":\"missing-member\""));
    user->vm.memory.watch = NULL;
}

static void tells_what_was_measured(void **state)
{
    (void)state;
    uint8_t log[64] = {8, 0, 0, 0, 4, 0, 0, 0, 0xab};
    measured_absent("no table");
    ANSWERS("{\"command\":\"measured-log\"}",
            "{\"ok\":true,\"measured\":[],\"total\":0,\"present\":false,\"unsound\":false,\"why\":\"no table\"}");
    assert_int_equal(measured_use(log, sizeof(log)), 1);
    ANSWERS(
        "{\"command\":\"measured-log\"}",
        "{\"ok\":true,\"measured\":[{\"pcr\":8,\"event-type\":\"EV_SEPARATOR\",\"event-code\":\"0x4\","
        "\"algorithm\":\"sha1\",\"digest\":\"ab00000000000000000000000000000000000000\",\"text\":\"\"}],\"total\":1,"
        "\"present\":true,\"unsound\":false}");
    measured_reset();
}

static void reset_machine(void)
{
    static struct memory_map map;
    map.count = 0;
    assert_int_equal(memory_map_add(&map, MIB, 127 * MIB, MEMORY_RAM), STATUS_OK);
    assert_int_equal(last_boot_start(&map), STATUS_OK);
}

static void tells_of_the_last_boot(void **state)
{
    (void)state;
    fake_memory_reset(0x3000000, LAST_LOG_BYTES);
    reset_machine();
    ANSWERS("{\"command\":\"last-boot\"}",
            "{\"ok\":true,\"log\":[],\"total\":0,\"end\":\"none\","
            "\"why\":\"power was off, or firmware or loader used that memory\",\"overwritten\":0,\"damaged\":0}");
    last_boot_put("one");
    last_boot_put("\"two\"");
    last_boot_put("three");
    *(uint8_t *)fake_memory_at(0x3000000 + LAST_LOG_RECORD + 40, 1) ^= 1; /* the first */
    reset_machine();
    ANSWERS("{\"command\":\"last-boot\"}",
            "{\"ok\":true,\"log\":[{\"damaged\":true,\"text\":\"\"},{\"damaged\":false,\"text\":\"\\\"two\\\"\"},"
            "{\"damaged\":false,\"text\":\"three\"}],\"total\":3,\"end\":\"unknown\",\"why\":\"three\","
            "\"overwritten\":0,\"damaged\":1}");
}

/* The longest there can be: every character is one of two. */
static void the_last_boot_comes_in_parts(void **state)
{
    (void)state;
    char line[LAST_LOG_TEXT];
    memset(line, '\\', sizeof(line) - 1);
    line[sizeof(line) - 1] = 0;
    fake_memory_reset(0x3000000, LAST_LOG_BYTES);
    reset_machine();
    for (unsigned i = 0; i < LAST_LOG_RECORDS; i++) {
        last_boot_put(line);
    }
    reset_machine();
    unsigned from = 0, parts = 0, seen = 0;
    for (const char *next = ""; next != NULL; parts++) {
        snprintf(line, sizeof(line), "{\"command\":\"last-boot\",\"from\":%u}", from);
        const char *answer = ask(line);
        assert_false(control_rig.control.json.cut);
        for (const char *at = answer; (at = strstr(at, "{\"damaged\":false")) != NULL; at++) {
            seen++;
        }
        next = strstr(answer, ",\"total\":255,\"next\":");
        assert_true(next == NULL || sscanf(next, ",\"total\":255,\"next\":%u,", &from) == 1);
        assert_true(next == NULL || from == seen);
        assert_non_null(strstr(answer, ",\"overwritten\":1,\"damaged\":0}\n"));
    }
    assert_int_equal(seen, 255);
    assert_true(parts > 3 && parts < 8);
}

static void says_whose_answer_it_is(void **state)
{
    (void)state;
    ANSWERS("{\"id\":[1,{\"a\":null}],\"command\":\"log-level\"}",
            "{\"id\":[1,{\"a\":null}],\"ok\":true,\"level\":\"info\",\"events\":\"warn\"}");
    ANSWERS("{\"command\":\"x-y-z\",\"id\":null}",
            "{\"id\":null,\"ok\":false,\"code\":\"unknown-command\",\"error\":\"no "
            "command 'x-y-z'\",\"fix\":\"" FIX_HELP "\"}");
    char line[200];
    for (int length = CONTROL_ID_MAX - 2; length <= CONTROL_ID_MAX - 1; length++) {
        snprintf(line, sizeof(line), "{\"command\":\"log-level\",\"id\":\"%0*d\"}", length, 7);
        bool fits = length + 2 <= CONTROL_ID_MAX;
        assert_true((strstr(ask(line), "\"id\":\"000") != NULL) == fits);
        assert_true((strstr(ask(line), "\"code\":\"bad-value\"") != NULL) == !fits);
    }
}

/* More devices than an answer can have: all of them come, in parts. */
static void long_lists_come_in_parts(void **state)
{
    (void)state;
    enum { MANY = 600 };
    struct vm_device *devices = calloc(MANY, sizeof(*devices));
    struct pci_function *functions = calloc(MANY, sizeof(*functions));
    for (size_t i = 0; i < MANY; i++) {
        functions[i].at = sbdf_make(0, (uint8_t)(i / 32), (uint8_t)(i % 32), 0);
        devices[i].function = &functions[i];
    }
    control_rig.guests[1]->request.devices = devices;
    control_rig.guests[1]->request.device_count = MANY;
    unsigned from = 0, parts = 0, seen = 0;
    for (const char *next = ""; next != NULL; parts++) {
        char line[64];
        snprintf(line, sizeof(line), "{\"command\":\"devices\",\"from\":%u}", from);
        const char *answer = ask(line);
        assert_false(control_rig.control.json.cut);
        for (const char *at = answer; (at = strstr(at, "{\"device\":")) != NULL; at++) {
            seen++;
        }
        next = strstr(answer, ",\"total\":601,\"next\":");
        assert_true(next == NULL || sscanf(next, ",\"total\":601,\"next\":%u}", &from) == 1);
        assert_true(next == NULL || from == seen);
    }
    assert_int_equal(seen, MANY + 1);
    assert_true(parts > 1 && parts < 6);
    free(devices);
    free(functions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(says_what_guests_do, fresh),
        cmocka_unit_test_setup(gives_orders_to_guests, fresh),
        cmocka_unit_test_setup(refuses_orders, fresh),
        cmocka_unit_test_setup(knows_devices, fresh),
        cmocka_unit_test_setup(cuts_networks, fresh),
        cmocka_unit_test_setup(cuts_one_guest, fresh),
        cmocka_unit_test_setup(speaks_of_the_machine, fresh),
        cmocka_unit_test_setup(ends_the_machine, fresh),
        cmocka_unit_test_setup(helps, fresh),
        cmocka_unit_test_setup(refuses_what_is_wrong, fresh),
        cmocka_unit_test_setup(arms_a_watch, fresh),
        cmocka_unit_test_setup(tells_what_was_measured, fresh),
        cmocka_unit_test_setup(tells_of_the_last_boot, fresh),
        cmocka_unit_test_setup(the_last_boot_comes_in_parts, fresh),
        cmocka_unit_test_setup(says_whose_answer_it_is, fresh),
        cmocka_unit_test_setup(long_lists_come_in_parts, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
