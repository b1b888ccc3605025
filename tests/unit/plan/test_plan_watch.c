/* SPDX-License-Identifier: GPL-2.0-only
 * plan/plan_watch.c: ranges that are the guest's memory, and the text of those that are not. */
#include "plan/plan_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct config config;
static struct diag items[4];
static struct diag_list diags;

/* A guest with that much memory, 3 GiB of it below the windows of devices, and one watched range. */
static void watch(const char *memory, const char *range)
{
    char text[256];
    int length = snprintf(text, sizeof(text),
                          "version = 1\n[guest.one]\ncpus = [0]\nkernel = \"k\"\nmemory = \"%s\"\nwatch = [\"%s\"]\n",
                          memory, range);
    const struct plan_facts facts = {.limits = {.low_ram_end = 3 * GIB}};
    diags = diag_list_make(items, ARRAY_LENGTH(items));
    assert_int_equal(config_parse(text, (size_t)length, "g.toml", &config, &diags), STATUS_OK);
    plan_watch(&facts, &config, "g.toml", &diags);
}

static void assert_refused(const char *memory, const char *range, const char *fix)
{
    char what[128];
    snprintf(what, sizeof(what), "guest 'one' has no memory at some of \"%s\"", range);
    watch(memory, range);
    assert_int_equal(diags.count, 1);
    assert_int_equal(items[0].code, PLAN_WATCH_NOT_RAM);
    assert_int_equal(items[0].severity, DIAG_ERROR);
    assert_string_equal(items[0].where, "g.toml:6:10");
    assert_string_equal(items[0].what, what);
    assert_string_equal(items[0].fix, fix);
}

static void its_own_memory(void **state)
{
    (void)state;
    static const char *const sound[][2] = {
        {"64MiB", "0x0+0x1000"},        {"64MiB", "0x3fff000+0x1000"},  {"4GiB", "0xbffff000+0x1000"},
        {"4GiB", "0x100000000+0x1000"}, {"4GiB", "0x13ffff000+0x1000"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(sound); i++) {
        watch(sound[i][0], sound[i][1]);
        assert_int_equal(diags.count, 0);
    }
}

static void what_is_not(void **state)
{
    (void)state;
    const char *small = "name a range below 0x4000000, or give the guest more memory";
    const char *large = "name a range below 0xc0000000, or from 0x100000000 on, or give the guest more memory";
    assert_refused("64MiB", "0x3fff000+0x2000", small);
    assert_refused("64MiB", "0x4000000+0x1000", small);
    assert_refused("64MiB", "0x100000000+0x1000", small);
    assert_refused("4GiB", "0xbffff000+0x2000", large);
    assert_refused("4GiB", "0xfffff000+0x2000", large);
    assert_refused("4GiB", "0x13ffff000+0x2000", large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_own_memory),
        cmocka_unit_test(what_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
