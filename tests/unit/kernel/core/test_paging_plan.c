/* SPDX-License-Identifier: GPL-2.0-only
 * Which pages the hypervisor maps. */
#include "kernel/core/paging_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/core/radix.h"

#define RW (RADIX_READ | RADIX_WRITE)
#define RX (RADIX_READ | RADIX_EXECUTE)

static const struct paging_section sections[] = {
    {0x200000, 0x210000, RX},
    {0x210000, 0x214000, RADIX_READ},
    {0x214000, 0x280000, RW},
};
static struct memory_map map;
static struct paging_plan plan;

static void add(uint64_t start, uint64_t end, enum memory_kind kind)
{
    assert_int_equal(memory_map_add(&map, start, end - start, kind), STATUS_OK);
}

static void expect(size_t i, uint64_t start, uint64_t end, unsigned rights)
{
    assert_true(i < plan.count);
    assert_int_equal(plan.regions[i].start, start);
    assert_int_equal(plan.regions[i].end, end);
    assert_int_equal(plan.regions[i].rights, rights);
}

static void a_pc(void **state)
{
    (void)state;
    map.count = 0;
    add(0, 0x9fc00, MEMORY_RAM);
    add(0x9fc00, 0xa0000, MEMORY_RESERVED);
    add(0xf0000, 0x100000, MEMORY_RESERVED);
    add(0x100000, 0x1fff0000, MEMORY_RAM);
    add(0x1fff0000, 0x20000000, MEMORY_ACPI);
    add(0x200000, 0x280000, MEMORY_HYPERVISOR);
    add(0x300000, 0x300123, MEMORY_LOADER);
    add(0x400000, 0x401000, MEMORY_UNUSABLE);
    assert_int_equal(paging_plan_make(&map, sections, ARRAY_LENGTH(sections), &plan), STATUS_OK);
    expect(0, 0x1000, 0xa0000, RW); /* page 0 never; a partial page counts as whole */
    expect(1, 0x100000, 0x200000, RW);
    expect(2, 0x200000, 0x210000, RX);
    expect(3, 0x210000, 0x214000, RADIX_READ);
    expect(4, 0x214000, 0x400000, RW); /* the loader's odd bytes share a page with RAM: mapped once */
    expect(5, 0x401000, 0x20000000, RW);
    assert_int_equal(plan.count, 6);
}

static void nothing_is_mapped_twice_or_wx(void **state)
{
    (void)state;
    /* The image lies across ranges that end within pages. */
    map.count = 0;
    add(0x1ff800, 0x200800, MEMORY_RAM);
    add(0x200800, 0x20c000, MEMORY_HYPERVISOR);
    add(0x20c000, 0x20d234, MEMORY_ACPI_NVS);
    add(0x20d234, 0x20d800, MEMORY_ACPI);
    add(0x20d800, 0x300000, MEMORY_HYPERVISOR);
    assert_int_equal(paging_plan_make(&map, sections, ARRAY_LENGTH(sections), &plan), STATUS_OK);
    expect(0, 0x1ff000, 0x200000, RW);
    expect(1, 0x200000, 0x210000, RX);
    expect(2, 0x210000, 0x214000, RADIX_READ);
    expect(3, 0x214000, 0x300000, RW);
    assert_int_equal(plan.count, 4);
}

static void reserved_only(void **state)
{
    (void)state;
    map.count = 0;
    add(0, 0x1000, MEMORY_RAM);
    add(0x1000, 0x100000, MEMORY_RESERVED);
    assert_int_equal(paging_plan_make(&map, sections, ARRAY_LENGTH(sections), &plan), STATUS_OK);
    assert_int_equal(plan.count, 0);
}

static void the_largest_map_fits(void **state)
{
    (void)state;
    map.count = 0;
    for (uint64_t i = 0; i < MEMORY_MAP_MAX; i++) {
        add(0x100000 * (2 * i + 2), 0x100000 * (2 * i + 3), MEMORY_RAM);
    }
    assert_int_equal(map.count, MEMORY_MAP_MAX);
    assert_int_equal(paging_plan_make(&map, sections, ARRAY_LENGTH(sections), &plan), STATUS_OK);
    assert_int_equal(plan.count, MEMORY_MAP_MAX + 2); /* data and what follows it are one */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pc),
        cmocka_unit_test(nothing_is_mapped_twice_or_wx),
        cmocka_unit_test(reserved_only),
        cmocka_unit_test(the_largest_map_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
