/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/core/last_boot.c: what a boot says of the one before it, and that lines leave the caches. */
#include "kernel/core/last_boot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/event.h"
#include "kernel/lib/last_log.h"
#include "tests/fake/log.h"
#include "tests/fake/memory.h"

#define PLACE 0x3000000
#define REASON "[   0.368478] error panic: CPU 0: guest/x.c:57: assertion failed: y"

static struct memory_map map;
static uint8_t kept[LAST_LOG_BYTES]; /* what was written back */

static void note_flush(void *context, uint64_t at, uint64_t bytes)
{
    (void)context;
    if (at >= PLACE && at + bytes <= PLACE + sizeof(kept)) {
        memcpy(kept + (at - PLACE), fake_memory_at(at, bytes), bytes);
    }
}

/* What was in caches alone is lost. */
static void boot(void)
{
    memcpy(fake_memory_at(PLACE, sizeof(kept)), kept, sizeof(kept));
    map.count = 0;
    assert_int_equal(memory_map_add(&map, MIB, 127 * MIB, MEMORY_RAM), STATUS_OK);
    fake_log_reset();
    event_reset();
    assert_int_equal(last_boot_start(&map), STATUS_OK);
}

static int power_on(void **state)
{
    (void)state;
    fake_memory_reset(PLACE, sizeof(kept));
    fake_memory_on_flush(note_flush, NULL);
    memset(kept, 0, sizeof(kept));
    boot();
    assert_string_equal(fake_log_text(), "");
    return 0;
}

static int power_off_machine(void **state)
{
    (void)state;
    fake_memory_on_flush(NULL, NULL);
    return 0;
}

static bool said(const char *text)
{
    return strstr(fake_log_text(), text) != NULL;
}

static const char *event(void)
{
    static char line[EVENT_LINE_MAX];
    while (event_take(line, sizeof(line)) != 0) {
        if (strstr(line, "\"type\":\"last-boot\"") != NULL) {
            return line;
        }
    }
    return NULL;
}

static void assert_facts(const char *end, const char *why, uint64_t lines, uint64_t shown, uint64_t overwritten,
                         uint64_t bad)
{
    struct last_boot_facts facts = last_boot_facts();
    assert_string_equal(facts.end, end);
    assert_string_equal(facts.why, why);
    assert_int_equal(facts.lines, lines);
    assert_int_equal(facts.shown, shown);
    assert_int_equal(facts.overwritten, overwritten);
    assert_int_equal(facts.damaged, bad);
}

static void assert_line(uint64_t index, const char *wanted)
{
    char text[LAST_LOG_TEXT];
    assert_true(last_boot_line(index, text));
    assert_string_equal(text, wanted);
}

static void its_place_is_taken_out_of_the_map(void **state)
{
    (void)state;
    assert_true(memory_map_overlaps(&map, PLACE, PAGE_SIZE, MEMORY_HYPERVISOR));
    assert_int_equal(memory_map_total(&map, MEMORY_HYPERVISOR), LAST_LOG_BYTES);
    assert_facts("none", "power was off, or firmware or loader used that memory", 0, 0, 0, 0);
}

static void a_panic(void **state)
{
    (void)state;
    last_boot_put("[   0.300000] info  bulkhead: ready");
    last_boot_panics();
    last_boot_put(REASON);
    last_boot_put("[   0.370007] error panic: resetting the machine");
    last_boot_ends(); /* the reset that a panic makes is not on purpose */
    boot();
    assert_true(said("last-boot: it ended by a panic; the last lines of its log were"));
    assert_true(said("last-boot: | [   0.300000] info  bulkhead: ready"));
    assert_true(said("last-boot: | " REASON));
    assert_true(said("last-boot: end"));
    const char *e = event();
    assert_non_null(e);
    assert_non_null(strstr(e, "\"end\":\"panic\",\"lines\":3,\"shown\":3,\"overwritten\":0,\"damaged\":0,"
                              "\"text\":\"" REASON "\""));
    assert_facts("panic", REASON, 3, 3, 0, 0);
    assert_line(1, REASON);
    boot(); /* of this one nothing was said; and of that one no more */
    assert_true(said("last-boot: the machine was reset from outside"));
    assert_false(said("assertion failed"));
}

static void a_reset_from_outside(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        char text[32];
        snprintf(text, sizeof(text), "line %u.", i);
        last_boot_put(text);
    }
    boot();
    assert_true(said("last-boot: the machine was reset from outside: a hang, a watchdog, a button"));
    assert_false(said("| line 35."));
    assert_true(said("| line 36.") && said("| line 99."));
    assert_non_null(strstr(event(), "\"end\":\"unknown\",\"lines\":100,\"shown\":64,\"overwritten\":0,"
                                    "\"damaged\":0,\"text\":\"line 99.\""));
    assert_facts("unknown", "line 99.", 100, 64, 0, 0);
    assert_line(0, "line 0."); /* all that was kept, not only what is shown */
    assert_line(99, "line 99.");
    char none[LAST_LOG_TEXT];
    assert_false(last_boot_line(100, none) || last_boot_line(UINT64_MAX, none));
}

/* More than there is room for, after a reason that is long gone, one of the rest damaged: all is counted. */
static void what_is_missing_is_counted(void **state)
{
    (void)state;
    char text[LAST_LOG_TEXT];
    last_boot_put(REASON);
    for (unsigned i = 1; i < LAST_LOG_RECORDS + 9; i++) {
        snprintf(text, sizeof(text), "line %u.", i);
        last_boot_put(text);
    }
    kept[5 * LAST_LOG_RECORD + 50] ^= 0x80; /* line 259 is where line 4 was */
    boot();
    assert_facts("unknown", "line 264.", LAST_LOG_RECORDS - 1, 64, 10, 1);
    assert_false(last_boot_line(249, text));
    assert_line(0, "line 10.");
    assert_line(248, "line 258.");
    assert_line(250, "line 260.");
    assert_non_null(strstr(event(), "\"lines\":255,\"shown\":64,\"overwritten\":10,\"damaged\":1,"));
}

static void on_purpose(void **state)
{
    (void)state;
    last_boot_put("bulkhead: done");
    last_boot_ends();
    boot();
    assert_string_equal(fake_log_text(), "");
    assert_null(event());
    assert_facts("ordered", "bulkhead: done", 1, 0, 0, 0);
    assert_line(0, "bulkhead: done");
}

static void damaged(void **state)
{
    (void)state;
    last_boot_put("first");
    last_boot_put("second");
    kept[LAST_LOG_RECORD + 40] ^= 1; /* the first line's */
    boot();
    assert_true(said("last-boot: 1 lines of it are damaged") && said("| second") && !said("| first"));
    last_boot_put("third");
    kept[LAST_LOG_BYTES / 2 + 16] ^= 1; /* the head of the half that is this boot's */
    boot();
    assert_true(said("last-boot: the log that the last boot left is damaged, and is not shown"));
    assert_false(said("third"));
    assert_facts("damaged", "bytes of it were lost or changed: nothing of it is believed", 0, 0, 0, 0);
    assert_false(last_boot_line(0, (char[LAST_LOG_TEXT]){0}));
    assert_null(event());
}

static void without_a_place(void **state)
{
    (void)state;
    map.count = 0;
    assert_int_equal(memory_map_add(&map, MIB, 32 * MIB, MEMORY_RAM), STATUS_OK);
    fake_log_reset();
    assert_int_equal(last_boot_start(&map), STATUS_OK);
    assert_true(said("last-boot: no place for a log that outlives a reset"));
    assert_int_equal(memory_map_total(&map, MEMORY_HYPERVISOR), 0);
    assert_facts("none", "there is no place for a log that outlives a reset", 0, 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(its_place_is_taken_out_of_the_map, power_on, power_off_machine),
        cmocka_unit_test_setup_teardown(a_panic, power_on, power_off_machine),
        cmocka_unit_test_setup_teardown(a_reset_from_outside, power_on, power_off_machine),
        cmocka_unit_test_setup_teardown(what_is_missing_is_counted, power_on, power_off_machine),
        cmocka_unit_test_setup_teardown(on_purpose, power_on, power_off_machine),
        cmocka_unit_test_setup_teardown(damaged, power_on, power_off_machine),
        cmocka_unit_test_setup_teardown(without_a_place, power_on, power_off_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
