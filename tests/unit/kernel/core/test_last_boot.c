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

static void its_place_is_taken_out_of_the_map(void **state)
{
    (void)state;
    assert_true(memory_map_overlaps(&map, PLACE, PAGE_SIZE, MEMORY_HYPERVISOR));
    assert_int_equal(memory_map_total(&map, MEMORY_HYPERVISOR), LAST_LOG_BYTES);
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
    assert_non_null(strstr(e, "\"end\":\"panic\",\"lines\":3,\"text\":\"" REASON "\""));
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
    assert_non_null(strstr(event(), "\"end\":\"unknown\",\"lines\":100,\"text\":\"line 99.\""));
}

static void on_purpose(void **state)
{
    (void)state;
    last_boot_put("bulkhead: done");
    last_boot_ends();
    boot();
    assert_string_equal(fake_log_text(), "");
    assert_null(event());
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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(its_place_is_taken_out_of_the_map, power_on, power_off_machine),
        cmocka_unit_test_setup_teardown(a_panic, power_on, power_off_machine),
        cmocka_unit_test_setup_teardown(a_reset_from_outside, power_on, power_off_machine),
        cmocka_unit_test_setup_teardown(on_purpose, power_on, power_off_machine),
        cmocka_unit_test_setup_teardown(damaged, power_on, power_off_machine),
        cmocka_unit_test_setup_teardown(without_a_place, power_on, power_off_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
