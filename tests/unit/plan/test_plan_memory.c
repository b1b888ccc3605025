/* SPDX-License-Identifier: GPL-2.0-only
 * plan/plan_memory.c: blocks and leaves of each guest, what is refused and what would fit. */
#include "plan/plan_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BLOCKS_MAX 4

static uint8_t space[256 * 1024];
static struct config config;
static struct diag items[16];
static struct diag_list diags;
static struct machine machine;
static struct plan plan;
static struct plan_facts facts;

static int setup(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof(machine));
    facts = (struct plan_facts){
        .machine = &machine,
        .limits = {.memory_max = 1024 * GIB, .blocks_max = BLOCKS_MAX, .low_ram_end = 3 * GIB},
    };
    return 0;
}

static enum status place(const struct plan_block *free, size_t count, const char *text)
{
    struct arena arena = arena_make(space, sizeof(space));
    diags = diag_list_make(items, ARRAY_LENGTH(items));
    assert_int_equal(config_parse(text, strlen(text), "g.toml", &config, &diags), STATUS_OK);
    memset(&plan, 0, sizeof(plan));
    facts.free = free;
    facts.free_count = count;
    enum status status = plan_memory(&facts, &config, "g.toml", &arena, &plan, &diags);
    facts.free = NULL; /* the caller's own */
    facts.free_count = 0;
    assert_int_equal(status, diags.errors == 0 ? STATUS_OK : STATUS_UNSUPPORTED);
    return status;
}

#define GUEST(name, memory) "[guest." name "]\ncpus = [0]\nkernel = 'k'\nmemory = '" memory "'\n"

static void assert_refused(enum plan_memory_diag code, const char *where, const char *what, const char *fix)
{
    assert_int_equal(diags.count, 1);
    assert_int_equal(items[0].code, code);
    assert_string_equal(items[0].where, where);
    assert_string_equal(items[0].what, what);
    assert_string_equal(items[0].fix, fix);
}

static void gives_blocks(void **state)
{
    (void)state;
    const struct plan_block free[] = {{MIB, 2 * GIB}, {4 * GIB, 12 * GIB}};
    assert_int_equal(place(free, 2, "version = 1\n" GUEST("a", "512MiB") GUEST("b", "5GiB")), STATUS_OK);
    assert_int_equal(plan.guests[0].block_count, 1);
    assert_int_equal(plan.guests[1].block_count, 2);
    assert_int_equal(plan.guests[1].memory[0].start, 13 * GIB); /* the larger one chose first */
    assert_int_equal(plan.guests[1].memory[0].size, 3 * GIB);
    assert_int_equal(plan.guests[1].memory[1].size, 2 * GIB);
    assert_int_equal(plan.guests[0].memory[0].start + 512 * MIB, 11 * GIB);

    struct plan_leaves leaves = plan_memory_leaves(&facts.limits, &plan.guests[1]);
    assert_true(leaves.gib == 5 && leaves.mib == 0 && leaves.kib == 0);
    leaves = plan_memory_leaves(&facts.limits, &plan.guests[0]);
    assert_true(leaves.gib == 0 && leaves.mib == 256 && leaves.kib == 0);
}

static void counts_leaves(void **state)
{
    (void)state;
    /* 3 GiB less 6 MiB and 6 MiB below the hole, 1 GiB above: only what is congruent gets large leaves. */
    const struct plan_block blocks[] = {{GIB, 3 * GIB - 6 * MIB}, {8 * GIB + PAGE_SIZE, 6 * MIB}, {16 * GIB, GIB}};
    const struct plan_guest guest = {.memory = blocks, .block_count = 3};
    struct plan_leaves leaves = plan_memory_leaves(&facts.limits, &guest);
    assert_int_equal(leaves.gib, 2 + 1);
    assert_int_equal(leaves.mib, 512 - 3);
    assert_int_equal(leaves.kib, 3 * 512);
}

static void order_of_tables_decides_nothing(void **state)
{
    (void)state;
    /* b fits only into the first place, which a, asked first, would have taken. */
    const struct plan_block free[] = {{2 * MIB, 66 * MIB}, {128 * MIB, 32 * MIB}}; /* 2 MiB are kept for tables */
    facts.limits.blocks_max = 1;
    assert_int_equal(place(free, 2, "version = 1\n" GUEST("a", "32MiB") GUEST("b", "64MiB")), STATUS_OK);
    assert_int_equal(plan.guests[1].memory[0].start, 4 * MIB);
    assert_int_equal(place(free, 2, "version = 1\n" GUEST("b", "64MiB") GUEST("a", "32MiB")), STATUS_OK);
    assert_int_equal(plan.guests[0].memory[0].start, 4 * MIB);
    assert_int_equal(plan.guests[1].memory[0].start, 128 * MIB);
    /* Equal ones by name. */
    const struct plan_block even[] = {{2 * MIB, 34 * MIB}, {128 * MIB, 32 * MIB}};
    assert_int_equal(place(even, 2, "version = 1\n" GUEST("b", "32MiB") GUEST("a", "32MiB")), STATUS_OK);
    assert_int_equal(plan.guests[1].memory[0].start, 128 * MIB);
}

static void refuses_steps_and_most(void **state)
{
    (void)state;
    const struct plan_block free[] = {{GIB, GIB}};
    facts.limits.memory_max = 512 * MIB;
    place(free, 1, "version = 1\n" GUEST("a", "3MiB"));
    assert_refused(PLAN_MEMORY_STEP, "g.toml:5:10", "memory is given in steps of 2 MiB", "write memory = \"4MiB\"");
    place(free, 1, "version = 1\n" GUEST("a", "514MiB"));
    assert_refused(PLAN_MEMORY_MOST, "g.toml:5:10", "a guest can have at most 512 MiB",
                   "write memory = \"512MiB\" or less");
}

static void refuses_too_much(void **state)
{
    (void)state;
    const struct plan_block free[] = {{GIB, GIB + 2 * MIB}};
    assert_int_equal(place(free, 1, "version = 1\n" GUEST("a", "512MiB") GUEST("b", "512MiB")), STATUS_OK);
    place(free, 1, "version = 1\n" GUEST("a", "512MiB") GUEST("b", "600MiB") GUEST("c", "2MiB"));
    assert_refused(PLAN_MEMORY_SHORT, "g.toml:9:10", "600 MiB are wanted, 512 MiB of 1024 MiB are left for this guest",
                   "write memory = \"512MiB\" or less, or give others less");
    place(free, 1, "version = 1\n" GUEST("a", "1GiB") GUEST("b", "2MiB"));
    assert_refused(PLAN_MEMORY_SHORT, "g.toml:9:10", "2 MiB are wanted, 0 MiB of 1024 MiB are left for this guest",
                   "give the guests above less memory, or the machine more");
    place(NULL, 0, "version = 1\n" GUEST("a", "2MiB"));
    assert_int_equal(items[0].code, PLAN_MEMORY_SHORT);
}

static void refuses_crumbs(void **state)
{
    (void)state;
    struct plan_block free[8];
    for (size_t i = 0; i < ARRAY_LENGTH(free); i++) {
        free[i] = (struct plan_block){(i + 1) * 16 * MIB, i == 0 ? 6 * MIB : 4 * MIB};
    }
    assert_int_equal(place(free, ARRAY_LENGTH(free), "version = 1\n" GUEST("a", "16MiB")), STATUS_OK);
    assert_int_equal(plan.guests[0].block_count, BLOCKS_MAX);
    place(free, ARRAY_LENGTH(free), "version = 1\n" GUEST("a", "18MiB"));
    assert_refused(PLAN_MEMORY_PIECES, "g.toml:5:10",
                   "free memory lies in too many pieces: a guest can have 4 of them, 16 MiB",
                   "write memory = \"16MiB\" or less");
}

static void keeps_what_the_hypervisor_needs(void **state)
{
    (void)state;
    const struct plan_block free[] = {{GIB, GIB}};
    facts.limits.own_bytes = 4 * MIB;
    facts.limits.own_per_guest = MIB;
    facts.limits.own_per_cpu = MIB;
    facts.limits.own_per_function = 64 * KIB;
    machine.pci.count = 32;
    /* 4 + 1 + 1 + 2 MiB, and a bit for tables. */
    assert_int_equal(place(free, 1, "version = 1\n" GUEST("a", "1014MiB")), STATUS_OK);
    assert_int_equal(plan.guests[0].memory[0].start, GIB + 10 * MIB);
    assert_int_equal(place(free, 1, "version = 1\n" GUEST("a", "1016MiB")), STATUS_UNSUPPORTED);
}

static void free_memory_of_a_map(void **state)
{
    (void)state;
    static struct memory_map map;
    map.count = 0;
    assert_int_equal(memory_map_add(&map, 0, 0x9fc00, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 0x80000, 2 * MIB, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 16 * MIB + 1, 8 * KIB, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 32 * MIB, 100, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 64 * MIB, MIB, MEMORY_LOADER), STATUS_OK);
    struct plan_block out[4];
    assert_int_equal(plan_memory_free(&map, out, ARRAY_LENGTH(out)), 2);
    assert_true(out[0].start == MIB && out[0].size == MIB + 0x80000);
    assert_true(out[1].start == 16 * MIB + PAGE_SIZE && out[1].size == PAGE_SIZE);
    assert_int_equal(plan_memory_free(&map, out, 1), 1);
}

static void a_full_arena_is_told(void **state)
{
    (void)state;
    static const struct plan_block free[] = {{GIB, GIB}};
    place(free, 1, "version = 1\n" GUEST("a", "2MiB"));
    facts.free = free;
    facts.free_count = 1;
    struct arena arena = arena_make(space, 2 * 5 * sizeof(struct plan_block));
    assert_int_equal(plan_memory(&facts, &config, "g.toml", &arena, &plan, &diags), STATUS_NO_MEMORY);
    arena = arena_make(space, 16);
    assert_int_equal(plan_memory(&facts, &config, "g.toml", &arena, &plan, &diags), STATUS_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(gives_blocks, setup),
        cmocka_unit_test_setup(counts_leaves, setup),
        cmocka_unit_test_setup(order_of_tables_decides_nothing, setup),
        cmocka_unit_test_setup(refuses_steps_and_most, setup),
        cmocka_unit_test_setup(refuses_too_much, setup),
        cmocka_unit_test_setup(refuses_crumbs, setup),
        cmocka_unit_test_setup(keeps_what_the_hypervisor_needs, setup),
        cmocka_unit_test_setup(free_memory_of_a_map, setup),
        cmocka_unit_test_setup(a_full_arena_is_told, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
