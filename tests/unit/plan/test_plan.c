/* SPDX-License-Identifier: GPL-2.0-only
 * plan/plan.c, plan/plan_text.c and plan/inventory.c: all that is wrong in the file's order, and the text of what is
 * right. */
#include "plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/format.h"
#include "plan/inventory.h"
#include "tests/fake/plan_rig.h"

static uint8_t space[4 * MIB];
static struct config config;
static struct plan plan;
static char said[8192];

static const struct plan_cpu cpus[] = {{0, 0}, {2, 1}, {3, 1}};
static const struct plan_block memory[] = {{MIB, GIB}, {4 * GIB, 4 * GIB}};

static int start(void **state)
{
    plan_rig_start(state);
    plan_rig_port("0000:00:03.0", 1, true);
    plan_rig_port("0000:00:04.0", 2, false);
    plan_rig_device("0000:00:05.0");
    plan_rig_device("0000:01:00.0");
    plan_rig_device("0000:02:00.0")->multifunction = true;
    plan_rig_device("0000:02:00.1")->multifunction = true;
    plan_rig.facts.cpus = cpus;
    plan_rig.facts.cpu_count = ARRAY_LENGTH(cpus);
    plan_rig.facts.free = memory;
    plan_rig.facts.free_count = ARRAY_LENGTH(memory);
    plan_rig.facts.limits.cpus_max = 64;
    plan_rig.facts.limits.memory_max = 1024 * GIB;
    plan_rig.facts.limits.blocks_max = 16;
    plan_rig.facts.limits.low_ram_end = 3 * GIB;
    return 0;
}

static enum status make(const char *text)
{
    struct arena arena = arena_make(space, sizeof(space));
    plan_rig.diags = diag_list_make(plan_rig.items, PLAN_RIG_DIAGS);
    assert_int_equal(config_parse(text, strlen(text), "g.toml", &config, &plan_rig.diags), STATUS_OK);
    assert_int_equal(machine_read_groups(&plan_rig.machine, &arena), STATUS_OK);
    return plan_make(&plan_rig.facts, &config, "g.toml", &arena, &plan, &plan_rig.diags);
}

static void add_line(void *context, const char *text)
{
    (void)context;
    size_t used = strlen(said);
    format_text(said + used, sizeof(said) - used, "%s\n", text);
}

static const char *text_of_plan(void)
{
    const struct plan_writer writer = {.line = add_line};
    said[0] = 0;
    plan_print(&plan_rig.facts, &config, &plan, &writer);
    return said;
}

#define GUEST(name, cpu, mem, more) "[guest." name "]\ncpus = [" cpu "]\nkernel = 'k'\nmemory = '" mem "'\n" more

static void a_plan_as_text(void **state)
{
    (void)state;
    assert_int_equal(make("version = 1\n" GUEST("a", "0", "1GiB", "devices = ['group:0000:02:00.1']\n")
                              GUEST("b", "2, 1", "64MiB", "")),
                     STATUS_OK);
    assert_string_equal(
        text_of_plan(),
        "guest=a memory-mib=1024 blocks=1 leaves-1gib=1 leaves-2mib=0 leaves-4kib=0 devices=2 reserved=0\n"
        "guest=a cpus=0\n"
        "guest=a device=0000:02:00.0 id=8086:1521 class=020000 group=1 unit=0 reset=flr rom=no gsi=none\n"
        "guest=a device=0000:02:00.1 id=8086:1521 class=020000 group=1 unit=0 reset=flr rom=no gsi=none\n"
        "guest=b memory-mib=64 blocks=1 leaves-1gib=0 leaves-2mib=32 leaves-4kib=0 devices=0 reserved=0\n"
        "guest=b cpus=2,1\n"
        "hypervisor bridges=2 blocked=2\n"
        "blocked=0000:00:05.0,0000:01:00.0\n");
}

/* Devices, memory and CPUs each find something; the file's order decides what is told first. */
static void all_that_is_wrong_in_order(void **state)
{
    (void)state;
    assert_int_equal(make("version = 1\n" GUEST("a", "7", "1GiB", "devices = ['0000:02:00.0']\n")
                              GUEST("b", "1", "900GiB", "") GUEST("c", "2", "3MiB", "devices = ['0000:09:00.0']\n")),
                     STATUS_UNSUPPORTED);
    static const char *const wheres[] = {"g.toml:3:9",  "g.toml:6:12",  "g.toml:10:10",
                                         "g.toml:12:9", "g.toml:14:10", "g.toml:15:12"};
    size_t at = 0;
    for (size_t i = 0; i < plan_rig.diags.count && at < ARRAY_LENGTH(wheres); i++) {
        at += strcmp(plan_rig.items[i].where, wheres[at]) == 0;
    }
    if (at != ARRAY_LENGTH(wheres)) {
        fail_msg("%s", plan_rig_text());
    }
}

static void a_full_arena_is_told(void **state)
{
    (void)state;
    assert_int_equal(make("version = 1\n" GUEST("a", "0", "1GiB", "devices = ['0000:00:05.0']\n")), STATUS_OK);
    struct arena arena = arena_make(space + sizeof(space) / 2, 64);
    assert_int_equal(plan_make(&plan_rig.facts, &config, "g.toml", &arena, &plan, &plan_rig.diags), STATUS_NO_MEMORY);
}

/* Of the machine as it is now, in no more memory than it says. */
static const struct plan_survey *take_survey(void)
{
    static struct plan_survey survey;
    size_t bytes = plan_survey_bytes(&plan_rig.facts);
    struct arena arena = arena_make(space + sizeof(space) / 2, bytes);
    assert_true(bytes <= sizeof(space) / 2);
    assert_int_equal(plan_survey_make(&plan_rig.facts, &arena, &survey), STATUS_OK);
    return &survey;
}

static void a_function_in_the_inventory(void **state)
{
    (void)state;
    assert_int_equal(make("version = 1\n" GUEST("a", "0", "1GiB", "")), STATUS_OK);
    char line[INVENTORY_LINE_SIZE];
    inventory_line(take_survey(), 0, line, sizeof(line));
    assert_non_null(strstr(line, "device=0000:00:03.0 "));
    assert_non_null(strstr(line, "assignable=no why=\"is a bridge\""));
    assert_null(strstr(line, "reset="));
    inventory_line(take_survey(), 3, line, sizeof(line));
    assert_string_equal(line, "device=0000:01:00.0 id=8086:1521 class=020000 unit=0 group=3 reset=flr resets=flr,bus "
                              "assignable=yes");
    char part[16];
    assert_int_equal(inventory_line(take_survey(), 3, part, sizeof(part)), strlen(line));
    assert_int_equal(strlen(part), sizeof(part) - 1);
}

/* One decision for every inventory: the group counts, and what the machine can do. */
static void a_group_is_judged_whole(void **state)
{
    (void)state;
    char text[DIAG_TEXT_SIZE], at[SBDF_TEXT_SIZE], wanted[DIAG_TEXT_SIZE];
    assert_int_equal(make("version = 1\n" GUEST("a", "0", "1GiB", "")), STATUS_OK);
    const struct groups *groups = &plan_rig.facts.machine->groups;
    uint32_t group = 0;
    while (groups->first[group + 1] - groups->first[group] < 2) {
        assert_true(++group < groups->count);
    }
    const uint32_t *end = &groups->members[groups->first[group + 1]]; /* behind the port that does not isolate */
    uint32_t first = end[-2], second = end[-1];
    assert_null(plan_survey_why_not(take_survey(), first, text, sizeof(text)));
    plan_rig.functions[second].class_code = 0x060100;
    assert_string_equal(plan_survey_why_not(take_survey(), second, text, sizeof(text)), "is a bridge");
    format_text(wanted, sizeof(wanted), "shares its group with %s, which is a bridge",
                sbdf_text(plan_rig.functions[second].at, at));
    assert_string_equal(plan_survey_why_not(take_survey(), first, text, sizeof(text)), wanted);
    plan_rig.functions[second].bridge = true; /* by its header: it stays with the hypervisor, and hinders nobody */
    assert_null(plan_survey_why_not(take_survey(), first, text, sizeof(text)));
    plan_rig.facts.remapping = false;
    assert_string_equal(plan_survey_why_not(take_survey(), first, text, sizeof(text)),
                        "needs unsafe-interrupts = true: interrupts are not remapped");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_plan_as_text, start),
        cmocka_unit_test_setup(all_that_is_wrong_in_order, start),
        cmocka_unit_test_setup(a_full_arena_is_told, start),
        cmocka_unit_test_setup(a_function_in_the_inventory, start),
        cmocka_unit_test_setup(a_group_is_judged_whole, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
