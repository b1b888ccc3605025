/* SPDX-License-Identifier: GPL-2.0-only
 * plan/features.c: names of system.without to a set, and the fix for a wrong one. */
#include "plan/features.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "plan/config_codes.h"

static struct config config;
static struct diag items[4];
static struct diag_list diags;

static uint32_t without(const char *array)
{
    char text[512];
    snprintf(text, sizeof(text),
             "version = 1\n[guest.a]\ncpus = [1]\nmemory = \"2MiB\"\nkernel = \"k\"\n[system]\nwithout = %s", array);
    diags = diag_list_make(items, 4);
    assert_int_equal(config_parse(text, strlen(text), "g.toml", &config, &diags), STATUS_OK);
    return features_without(&config.system.without, "g.toml", &diags);
}

static void test_every_name_is_its_bit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CPU_FEATURE_COUNT; i++) {
        char array[64];
        snprintf(array, sizeof(array), "[\"%s\"]", cpu_feature_name((enum cpu_feature)i));
        assert_int_equal(without(array), cpu_feature_bit((enum cpu_feature)i));
        assert_int_equal(diags.errors, 0);
    }
}

static void test_several_and_none(void **state)
{
    (void)state;
    assert_int_equal(without("[\"vpid\", \"apic-registers\"]"),
                     cpu_feature_bit(CPU_FEATURE_VPID) | cpu_feature_bit(CPU_FEATURE_APIC_REGISTERS));
    assert_int_equal(without("[]"), 0);
}

static void test_wrong_name_says_which_was_meant(void **state)
{
    (void)state;
    assert_int_equal(without("[\"vpid\", \"posted-interupts\"]"), cpu_feature_bit(CPU_FEATURE_VPID));
    assert_int_equal(diags.errors, 1);
    assert_int_equal(items[0].code, CONFIG_UNKNOWN_FEATURE);
    assert_string_equal(items[0].where, "g.toml:7:20");
    assert_string_equal(items[0].fix, "write \"posted-interrupts\"");
}

static void test_unlike_any_lists_all(void **state)
{
    (void)state;
    assert_int_equal(without("[\"turbo-encabulator\"]"), 0);
    assert_int_equal(diags.errors, 1);
    for (unsigned i = 0; i < CPU_FEATURE_COUNT; i++) {
        assert_non_null(strstr(items[0].fix, cpu_feature_name((enum cpu_feature)i)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_name_is_its_bit),
        cmocka_unit_test(test_several_and_none),
        cmocka_unit_test(test_wrong_name_says_which_was_meant),
        cmocka_unit_test(test_unlike_any_lists_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
