/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_memory.c: RAM is the plan's blocks, is scrubbed, and is shown as RAM. */
#include "guest/vm_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/pages.h"
#include "kernel/hw/phys.h"
#include "tests/fake/memory.h"

#define BASE (16 * MIB)
#define BYTES (32 * MIB)
#define RAM (8 * MIB)
#define RWX (RADIX_READ | RADIX_WRITE | RADIX_EXECUTE)

/* Free memory that holds what others left there. */
static int setup(void **state)
{
    (void)state;
    struct memory_map map = {.count = 0};
    fake_memory_reset(BASE, BYTES);
    memset(fake_memory_at(BASE, BYTES), 0x5a, BYTES);
    assert_int_equal(memory_map_add(&map, BASE, BYTES, MEMORY_RAM), STATUS_OK);
    assert_int_equal(pages_init(&map), STATUS_OK);
    return 0;
}

static bool holds(const struct guest_slot *slot, uint8_t value)
{
    const uint8_t *bytes = phys_to_virt(slot->backing);
    return bytes[0] == value && memcmp(bytes, bytes + 1, slot->size - 1) == 0;
}

static const struct plan_block one = {BASE + 4 * MIB, RAM};

static void taken_memory_is_scrubbed(void **state)
{
    (void)state;
    struct guest_memory memory;
    uint64_t free = pages_free_bytes();
    assert_int_equal(vm_memory_take(&memory, &one, 1), STATUS_OK);
    assert_int_equal(pages_free_bytes(), free - RAM);
    assert_int_equal(guest_memory_bytes(&memory), RAM);
    assert_int_equal(memory.count, 1);
    assert_int_equal(memory.slots[0].backing.v, one.start);
    assert_true(holds(&memory.slots[0], 0x5a)); /* as the contract says: not yet */
    vm_memory_scrub(&memory);
    assert_true(holds(&memory.slots[0], 0));
    assert_int_equal(*(const uint8_t *)phys_to_virt(hpa(one.start - 1)), 0x5a); /* and nothing else was touched */
    assert_int_equal(*(const uint8_t *)phys_to_virt(hpa(one.start + RAM)), 0x5a);
}

static void all_slots_are_scrubbed(void **state)
{
    (void)state;
    static const struct plan_block blocks[] = {{BASE + 16 * MIB, 6 * MIB}, {BASE, 2 * MIB}, {BASE + 4 * MIB, 4 * MIB}};
    struct guest_memory memory;
    assert_int_equal(vm_memory_take(&memory, blocks, 3), STATUS_OK);
    assert_int_equal(memory.count, 3);
    vm_memory_scrub(&memory);
    uint64_t next = 0;
    for (size_t i = 0; i < memory.count; i++) {
        assert_true(holds(&memory.slots[i], 0));
        assert_int_equal(memory.slots[i].base.v, next);
        assert_int_equal(memory.slots[i].backing.v, blocks[i].start);
        next += memory.slots[i].size;
    }
    assert_int_equal(next, 12 * MIB);
}

static void the_rest_lies_above_the_hole(void **state)
{
    (void)state;
    static const struct plan_block blocks[] = {
        {8 * GIB, 2 * GIB}, {16 * GIB, GIB}, {4 * GIB, 2 * GIB}, {32 * GIB, GIB}};
    struct memory_map map = {.count = 0};
    struct guest_memory memory;
    assert_int_equal(memory_map_add(&map, 4 * GIB, 60 * GIB, MEMORY_RAM), STATUS_OK);
    assert_int_equal(pages_init(&map), STATUS_OK);
    assert_int_equal(vm_memory_take(&memory, blocks, 4), STATUS_OK);
    assert_int_equal(memory.slots[1].base.v, 2 * GIB);
    assert_int_equal(memory.slots[2].base.v, GUEST_HOLE_END);
    assert_int_equal(memory.slots[3].base.v, GUEST_HOLE_END + 2 * GIB);
    static const struct plan_block across[] = {{48 * GIB, 2 * GIB}, {40 * GIB, 2 * GIB}};
    assert_int_equal(vm_memory_take(&memory, across, 2), STATUS_OUT_OF_RANGE);
}

static void what_is_refused_leaves_nothing_taken(void **state)
{
    (void)state;
    static const struct plan_block taken[] = {
        {BASE + 4 * MIB, RAM}, {BASE + 16 * MIB, 2 * MIB}, {BASE + 8 * MIB, 2 * MIB}};
    static const struct plan_block odd = {BASE, PAGE_SIZE};
    static const struct plan_block askew = {BASE + PAGE_SIZE, 2 * MIB};
    static struct plan_block many[GUEST_SLOTS_MAX + 1];
    for (size_t i = 0; i < ARRAY_LENGTH(many); i++) {
        many[i] = (struct plan_block){BASE + i * 2 * MIB, 2 * MIB};
    }
    struct guest_memory memory;
    uint64_t free = pages_free_bytes();
    assert_int_equal(vm_memory_take(&memory, taken, 3), STATUS_CONFLICT);
    assert_int_equal(memory.count, 0);
    assert_int_equal(vm_memory_take(&memory, &odd, 1), STATUS_OUT_OF_RANGE);
    assert_int_equal(vm_memory_take(&memory, &askew, 1), STATUS_OUT_OF_RANGE);
    assert_int_equal(vm_memory_take(&memory, many, ARRAY_LENGTH(many)), STATUS_OUT_OF_RANGE);
    assert_int_equal(pages_free_bytes(), free);
}

struct seen {
    uint64_t bytes;
    unsigned level, rights;
};

static void look(void *context, uint64_t from, const struct radix_mapping *mapping)
{
    struct seen *seen = context;
    assert_int_equal(from, seen->bytes);
    assert_int_equal(mapping->level, seen->level);
    assert_int_equal(mapping->rights, seen->rights);
    seen->bytes += radix_span(mapping->level);
}

/* Write-back (not uncached), executable, in the largest pages allowed; flushed and with SNP when VT-d walks too. */
static void ram_is_shown_as_ram(void **state)
{
    (void)state;
    static const struct share_decision ways[] = {
        {.max_leaf = 2},
        {.max_leaf = 1},
        {.max_leaf = 3, .shared = true, .flush = true, .always = RADIX_SNOOP},
        {.max_leaf = 2},
    };
    static const struct radix_format *const formats[] = {&radix_ept, &radix_ept, &radix_ept, &radix_npt};
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
        struct guest_memory memory;
        struct radix nested;
        setup(NULL);
        assert_int_equal(vm_memory_take(&memory, &one, 1), STATUS_OK);
        assert_int_equal(vm_memory_map(&memory, &nested, formats[i], &ways[i]), STATUS_OK);
        struct seen seen = {.level = ways[i].max_leaf == 1 ? 1 : 2, .rights = RWX | ways[i].always};
        radix_for_each_leaf(&nested, look, &seen);
        assert_int_equal(seen.bytes, RAM);
        assert_int_equal(nested.flush, ways[i].flush);
        assert_int_equal(nested.levels, VM_MEMORY_LEVELS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(taken_memory_is_scrubbed, setup),
        cmocka_unit_test_setup(the_rest_lies_above_the_hole, setup),
        cmocka_unit_test_setup(all_slots_are_scrubbed, setup),
        cmocka_unit_test_setup(what_is_refused_leaves_nothing_taken, setup),
        cmocka_unit_test(ram_is_shown_as_ram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
