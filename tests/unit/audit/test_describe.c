/* SPDX-License-Identifier: GPL-2.0-only
 * audit/describe.c: pieces in any order become sorted facts, the memory map is cut where it may be; and over tables of
 * the real builder the audit passes, until one page too many is mapped. */
#include "audit/describe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/core/pages.h"
#include "kernel/core/radix.h"
#include "kernel/lib/bits.h"
#include "tests/fake/memory.h"

#define RWX (AUDIT_READ | AUDIT_WRITE | AUDIT_EXECUTE)
#define RW (AUDIT_READ | AUDIT_WRITE)

static uint8_t space[256 * KIB] __attribute__((aligned(16)));
static const struct audit_limits limits = {8, 8, 8, 8, 8};

static void begin(struct audit_description *d)
{
    struct arena arena = arena_make(space, sizeof(space));
    assert_int_equal(audit_describe_begin(d, &limits, &arena), STATUS_OK);
}

static void add(struct memory_map *map, uint64_t start, uint64_t size, enum memory_kind kind)
{
    assert_int_equal(memory_map_add(map, start, size, kind), STATUS_OK);
}

static void test_pieces_are_sorted_and_cut(void **state)
{
    (void)state;
    struct audit_description d;
    struct memory_map map = {.count = 0};
    begin(&d);
    add(&map, 0, 0xa0000, MEMORY_RAM);
    add(&map, MIB, 31 * MIB, MEMORY_RAM);
    add(&map, 0xe0000000, 256 * MIB, MEMORY_RESERVED);
    audit_describe_range(&d, (struct audit_range){0xe8000800, 0xe8000c00, 0, AUDIT_REGISTERS, RW, RW});
    audit_describe_range(&d, (struct audit_range){0xe8000000, 0xe8000400, 0, AUDIT_REGISTERS, RW, RW});
    audit_describe_range(&d, (struct audit_range){8 * MIB, 16 * MIB, 1, AUDIT_RAM, RWX, RW});
    audit_describe_device(&d, 0xec000400, 0x20, "I/O APIC");
    audit_describe_device(&d, 0xec000000, 0x20, "I/O APIC");
    audit_describe_source(&d, (struct audit_source){0, 0x10, 0, false, false});
    audit_describe_source(&d, (struct audit_source){0, 0x10, 0, true, false});
    audit_describe_source(&d, (struct audit_source){0, 0x08, 1, false, false});
    assert_int_equal(audit_describe_end(&d, &map), STATUS_OK);
    const struct audit_facts *f = &d.facts;
    assert_int_equal(f->range_count, 2); /* both BARs of owner 0 share their page */
    assert_int_equal(f->ranges[0].start, 8 * MIB);
    assert_int_equal(f->ranges[1].end, 0xe8001000);
    assert_int_equal(f->memory_count, 2);
    assert_int_equal(f->memory[0].start, MIB);
    assert_int_equal(f->memory[0].end, 8 * MIB);
    assert_int_equal(f->memory[1].start, 16 * MIB);
    assert_int_equal(f->forbidden_count, 5); /* low memory, before the BAR, after it, I/O APICs, the rest */
    assert_int_equal(f->forbidden[1].end, 0xe8000000);
    assert_string_equal(f->forbidden[3].name, "I/O APIC");
    assert_int_equal(f->source_count, 2);
    assert_int_equal(f->sources[0].rid, 0x08);
    assert_false(f->sources[1].optional);
}

static void test_contradictions_stay(void **state)
{
    (void)state;
    struct audit_description d;
    struct memory_map map = {.count = 0};
    static const struct audit_owner owners[2] = {{.name = "a"}, {.name = "b"}};
    struct audit_result result;
    begin(&d);
    add(&map, MIB, 31 * MIB, MEMORY_RAM);
    audit_describe_range(&d, (struct audit_range){8 * MIB, 16 * MIB, 1, AUDIT_RAM, RWX, RW});
    audit_describe_range(&d, (struct audit_range){12 * MIB, 20 * MIB, 0, AUDIT_RAM, RWX, RW});
    assert_int_equal(audit_describe_end(&d, &map), STATUS_OK);
    d.facts.owners = owners;
    d.facts.owner_count = 2;
    d.facts.address_bits = 39;
    assert_false(audit_run(&d.facts, AUDIT_ALL, space, 0, NULL, &result));
    assert_int_equal(result.codes[AUDIT_BAD_FACTS], 1);
    assert_string_equal(result.findings[0].name, "ranges are not sorted or overlap");
}

static void test_too_many_are_told(void **state)
{
    (void)state;
    struct audit_description d;
    struct memory_map map = {.count = 0};
    begin(&d);
    for (uint64_t i = 0; i < 9; i++) {
        audit_describe_range(&d, (struct audit_range){2 * i * MIB, (2 * i + 1) * MIB, 0, AUDIT_RAM, RWX, RW});
    }
    assert_int_equal(audit_describe_end(&d, &map), STATUS_NO_MEMORY);
}

/* Tables by kernel/core/radix.c, in each format that vCPUs walk. */
static void audit_built_tables(const struct radix_format *format, enum audit_format kind)
{
    struct audit_description d;
    struct memory_map map = {.count = 0};
    struct radix nested;
    struct audit_result result;
    static const uint32_t apic_id = 0;
    const unsigned rights = (unsigned)RADIX_READ | (unsigned)RADIX_WRITE | (unsigned)RADIX_USER;
    fake_memory_reset(16 * MIB, 16 * MIB);
    add(&map, 16 * MIB, 16 * MIB, MEMORY_RAM);
    assert_int_equal(pages_init(&map), STATUS_OK);
    assert_int_equal(radix_init(&nested, format, 4, 2, false), STATUS_OK);
    add(&map, 64 * MIB, 64 * MIB, MEMORY_RAM);
    assert_int_equal(radix_map(&nested, 0, hpa(64 * MIB), 33 * MIB, rights | (unsigned)RADIX_EXECUTE), STATUS_OK);
    assert_int_equal(radix_map(&nested, 0xc0000000, hpa(0xe8000000), 64 * KIB, rights | (unsigned)RADIX_UNCACHED),
                     STATUS_OK);
    begin(&d);
    audit_describe_range(&d, (struct audit_range){64 * MIB, 97 * MIB, 0, AUDIT_RAM, RWX, RW});
    audit_describe_range(&d, (struct audit_range){0xe8000000, 0xe8010000, 0, AUDIT_REGISTERS, RW, RW});
    assert_int_equal(audit_describe_end(&d, &map), STATUS_OK);
    const struct audit_owner owner = {"guest", kind, nested.root.v, 4, 2, 1};
    struct audit_facts facts = d.facts;
    facts.owners = &owner;
    facts.owner_count = 1;
    facts.apic_ids = &apic_id;
    facts.cpu_count = 1;
    facts.address_bits = 39;
    facts.pat = UINT64_C(0x0007040600070406);
    size_t bytes = audit_scratch_bytes(&facts, AUDIT_ALL);
    void *scratch = malloc(bytes);
    assert_true(audit_run(&facts, AUDIT_ALL, scratch, bytes, NULL, &result));
    assert_int_equal(result.nested, 33 * 256 + 16);
    assert_int_equal(result.tables, nested.table_pages);
    assert_int_equal(radix_map(&nested, 33 * MIB, hpa(97 * MIB), PAGE_SIZE, rights), STATUS_OK);
    assert_false(audit_run(&facts, AUDIT_ALL, scratch, bytes, NULL, &result));
    assert_int_equal(result.codes[AUDIT_LEAF_FORBIDDEN], 1);
    assert_int_equal(result.findings[0].value, 97 * MIB);
    free(scratch);
}

static void test_built_tables(void **state)
{
    (void)state;
    audit_built_tables(&radix_ept, AUDIT_EPT);
    audit_built_tables(&radix_npt, AUDIT_NPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_sorted_and_cut),
        cmocka_unit_test(test_contradictions_stay),
        cmocka_unit_test(test_too_many_are_told),
        cmocka_unit_test(test_built_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
