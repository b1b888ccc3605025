/* SPDX-License-Identifier: GPL-2.0-only
 * plan/cpu_check.c: CPUs of guests, from the text to each refusal, its place and its fix. */
#include "plan/cpu_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DIAGS_MAX 80

static struct config config;
static struct diag items[DIAGS_MAX];
static struct diag_list diags;
static struct plan_cpu cpus[4];
static size_t cpus_max;

/* Guests a, b ... of these "cpus = ..." lines, and what else is in their tables. */
static void check(const char *const *guests, size_t count)
{
    static char text[8192];
    int at = snprintf(text, sizeof(text), "version = 1\n");
    for (size_t i = 0; i < count; i++) {
        at += snprintf(text + at, sizeof(text) - (size_t)at, "[guest.%c]\n%s\nmemory = \"2MiB\"\nkernel = \"k\"\n",
                       (int)('a' + i), guests[i]);
    }
    diags = diag_list_make(items, DIAGS_MAX);
    assert_int_equal(config_parse(text, (size_t)at, "g.toml", &config, &diags), STATUS_OK);
    const struct plan_facts facts = {.cpus = cpus, .cpu_count = 4, .limits = {.cpus_max = cpus_max}};
    cpu_check(&facts, &config, "g.toml", &diags);
}

#define CHECK(...)                                                                                                     \
    check((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void assert_one(enum cpu_check_diag code, const char *where, const char *what, const char *fix)
{
    assert_int_equal(diags.count, 1);
    assert_int_equal(items[0].code, code);
    assert_int_equal(items[0].severity, code == CPU_CHECK_CORE ? DIAG_WARNING : DIAG_ERROR);
    assert_string_equal(items[0].where, where);
    assert_non_null(strstr(items[0].what, what));
    assert_non_null(strstr(items[0].fix, fix));
}

static int setup(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        cpus[i] = (struct plan_cpu){.apic_id = i, .core = i};
    }
    cpus_max = 64;
    return 0;
}

static void own_cpus(void **state)
{
    (void)state;
    CHECK("cpus = [0, 3]", "cpus = [1]", "cpus = [2]");
    assert_int_equal(diags.count, 0);
}

static void absent(void **state)
{
    (void)state;
    CHECK("cpus = [0]", "cpus = [1, 4]");
    assert_one(CPU_CHECK_NO_CPU, "g.toml:7:12", "there is no CPU 4: this machine has CPUs 0 to 3",
               "name CPUs that exist");
}

static void taken(void **state)
{
    (void)state;
    CHECK("cpus = [0, 1]", "cpus = [2, 1]");
    assert_one(CPU_CHECK_TAKEN, "g.toml:7:12", "CPU 1 is given already, to guest 'a'",
               "add share = true to [guest.a] and [guest.b]");
    CHECK("cpus = [1]\nshare = true", "cpus = [1]");
    assert_one(CPU_CHECK_TAKEN, "g.toml:8:9", "to guest 'a'", "add share = true to [guest.b]");
    CHECK("cpus = [1]", "cpus = [1]\nshare = true");
    assert_one(CPU_CHECK_TAKEN, "g.toml:7:9", "to guest 'a'", "add share = true to [guest.a]");
    CHECK("cpus = [1]\nshare = false", "cpus = [1]\nshare = true");
    assert_one(CPU_CHECK_TAKEN, "g.toml:8:9", "to guest 'a'", "add share = true to [guest.a]");
}

static void shared(void **state)
{
    (void)state;
    CHECK("cpus = [1, 2]\nshare = true", "cpus = [2, 1]\nshare = true", "cpus = [0]", "share = true\ncpus = [2]");
    assert_int_equal(diags.count, 0);
    CHECK("cpus = [1, 1, 1]\nshare = true");
    assert_int_equal(diags.count, 0);
}

/* Each pair is told, each once. */
static void three_on_one(void **state)
{
    (void)state;
    CHECK("cpus = [1]", "cpus = [1, 1]\nshare = true", "cpus = [1]\nshare = true");
    assert_int_equal(diags.count, 2);
    assert_string_equal(items[0].where, "g.toml:7:9");
    assert_string_equal(items[1].where, "g.toml:12:9");
    assert_non_null(strstr(items[1].fix, "[guest.a]"));
}

static void too_many(void **state)
{
    (void)state;
    char line[512];
    int at = snprintf(line, sizeof(line), "share = true\ncpus = [1");
    for (unsigned i = 1; i < 33; i++) {
        at += snprintf(line + at, sizeof(line) - (size_t)at, ", 1");
    }
    snprintf(line + at, sizeof(line) - (size_t)at, "]");
    CHECK(line, line);
    assert_one(CPU_CHECK_CROWD, "g.toml:9:102", "more than 64 virtual CPUs share CPU 1", "use other CPUs as well");
}

static void siblings(void **state)
{
    (void)state;
    cpus[3].core = 2;
    CHECK("cpus = [3, 0]", "cpus = [1, 2]");
    assert_one(CPU_CHECK_SIBLINGS, "g.toml:7:12", "CPU 2 is a thread of the same core as CPU 3 of guest 'a'",
               "give all threads of a core to one guest, or add share-core = true to [guest.a] and [guest.b]");
    CHECK("cpus = [3]\nshare-core = true", "cpus = [2]");
    assert_one(CPU_CHECK_SIBLINGS, "g.toml:8:9", "CPU 2 is a thread", "or add share-core = true to [guest.b]");
    CHECK("cpus = [3]\nshare-core = false", "cpus = [2]\nshare-core = true");
    assert_one(CPU_CHECK_SIBLINGS, "g.toml:8:9", "CPU 2 is a thread", "or add share-core = true to [guest.a]");
    CHECK("cpus = [2, 3]", "cpus = [0, 1]");
    assert_int_equal(diags.count, 0);
}

static void a_core_shared_by_both_is_a_warning(void **state)
{
    (void)state;
    cpus[3].core = 2;
    CHECK("share-core = true\ncpus = [3]", "share-core = true\ncpus = [2]");
    assert_one(CPU_CHECK_CORE, "g.toml:9:9", "CPU 2 is a thread of the same core as CPU 3 of guest 'a'",
               "give all threads of a core to one guest");
    assert_int_equal(diags.errors, 0);
    /* One of three has not said so. */
    CHECK("share-core = true\ncpus = [3]", "share-core = true\ncpus = [1]", "cpus = [2]");
    assert_one(CPU_CHECK_SIBLINGS, "g.toml:13:9", "of guest 'a'", "to [guest.c]");
}

static void more_than_a_guest_can_have(void **state)
{
    (void)state;
    cpus_max = 2;
    CHECK("cpus = [0, 1, 2]");
    assert_one(CPU_CHECK_MOST, "g.toml:3:15", "3 virtual CPUs are more than a guest can have", "name at most 2");
}

/* Who shares a CPU shares its core: that is wanted, and told in the documents. */
static void one_cpu_is_no_sibling(void **state)
{
    (void)state;
    CHECK("cpus = [2]\nshare = true", "cpus = [2]\nshare = true");
    assert_int_equal(diags.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(own_cpus, setup),
        cmocka_unit_test_setup(absent, setup),
        cmocka_unit_test_setup(taken, setup),
        cmocka_unit_test_setup(shared, setup),
        cmocka_unit_test_setup(three_on_one, setup),
        cmocka_unit_test_setup(too_many, setup),
        cmocka_unit_test_setup(siblings, setup),
        cmocka_unit_test_setup(a_core_shared_by_both_is_a_warning, setup),
        cmocka_unit_test_setup(more_than_a_guest_can_have, setup),
        cmocka_unit_test_setup(one_cpu_is_no_sibling, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
