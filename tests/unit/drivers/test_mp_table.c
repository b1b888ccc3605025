/* SPDX-License-Identifier: GPL-2.0-only
 * drivers/mp_table.c and plan/machine_lines.c over synthesised tables, sound and damaged. */
#include "drivers/mp_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "plan/machine_lines.h"
#include "plan/plan.h"
#include "tests/unit/drivers/acpi_tables.h"

#define TABLE 0x2000u
#define POINTER 0xf1230u
#define PCI_BUS_0 0
#define PCI_BUS_2 2
#define ISA_BUS 7

static uint8_t arena_bytes[16 * 1024] __attribute__((aligned(16)));
static struct arena arena;
static uint8_t *table;
static size_t used;
static unsigned entries;
static struct mp_table lines;

static void add(uint8_t a, uint8_t b, const uint8_t rest[6])
{
    table[used] = a;
    table[used + 1] = b;
    memcpy(table + used + 2, rest, 6);
    used += 8;
    entries++;
}

static void add_bus(uint8_t id, const char *name)
{
    add(1, id, (const uint8_t *)name);
}

/* flags: polarity 1:0, trigger 3:2 */
static void add_line(uint8_t flags, uint8_t bus, unsigned device, unsigned pin, uint8_t ioapic, uint8_t input)
{
    add(3, 0, (const uint8_t[]){flags, 0, bus, (uint8_t)(device << 2 | pin), ioapic, input});
}

static void done(void)
{
    put(table + 4, 2, used);
    put(table + 34, 2, entries);
    fix_sum(table, used, 7);
}

static int setup(void **state)
{
    (void)state;
    fake_memory_reset(0, MIB);
    arena = arena_make(arena_bytes, sizeof(arena_bytes));
    table = fake_memory_at(TABLE, 0x1000);
    memcpy(table, "PCMP", 4);
    used = 44;
    entries = 1;
    table[used] = 0; /* a processor */
    used += 20;
    add_bus(PCI_BUS_0, "PCI   ");
    add_bus(PCI_BUS_2, "PCI   ");
    add_bus(ISA_BUS, "ISA   ");
    add_line(0x0, PCI_BUS_0, 3, 0, 8, 17);
    add_line(0xf, PCI_BUS_0, 3, 1, 8, 18);
    add_line(0x0, PCI_BUS_2, 1, 3, 9, 5);
    add_line(0x0, ISA_BUS, 3, 0, 8, 1);
    add_line(0x5, PCI_BUS_0, 4, 0, 8, 19); /* edge */
    add_line(0x0, PCI_BUS_0, 5, 0, 0xff, 19);
    done();
    return 0;
}

static enum status parse(void)
{
    arena = arena_make(arena_bytes, sizeof(arena_bytes));
    return mp_table_parse(table, used, &arena, &lines);
}

static const struct madt_ioapic ioapics[] = {{.id = 8, .gsi_base = 0}, {.id = 9, .gsi_base = 24}};
static const struct madt madt = {.ioapics = ioapics, .ioapic_count = 2};

static uint32_t gsi(uint8_t bus, uint8_t device, uint8_t pin)
{
    return mp_table_gsi(&lines, &madt, bus, device, pin);
}

static void lines_of_pci(void **state)
{
    (void)state;
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(lines.count, 3);
    assert_int_equal(gsi(0, 3, 1), 17);
    assert_int_equal(gsi(0, 3, 2), 18);
    assert_int_equal(gsi(2, 1, 4), 29);
    assert_int_equal(gsi(ISA_BUS, 0, 4), MP_TABLE_NO_GSI);
    assert_int_equal(gsi(0, 4, 1), MP_TABLE_NO_GSI);
    assert_int_equal(gsi(0, 5, 1), MP_TABLE_NO_GSI);
    assert_int_equal(gsi(0, 3, 3), MP_TABLE_NO_GSI);
    const struct madt none = {.ioapics = ioapics, .ioapic_count = 0};
    assert_int_equal(mp_table_gsi(&lines, &none, 0, 3, 1), MP_TABLE_NO_GSI);
}

static void damaged_tables(void **state)
{
    (void)state;
    table[0] = 'Q';
    done();
    assert_int_equal(parse(), STATUS_BAD_FORMAT);
    table[0] = 'P';
    done();
    table[20]++;
    assert_int_equal(parse(), STATUS_BAD_FORMAT); /* checksum */
    entries++;
    done();
    assert_int_equal(parse(), STATUS_BAD_FORMAT); /* an entry past the end */
    entries--;
    table[44 + 20] = 5;
    done();
    assert_int_equal(parse(), STATUS_BAD_FORMAT); /* an unknown kind */
    table[44 + 20] = 1;
    put(table + 4, 2, used + 8);
    assert_int_equal(parse(), STATUS_BAD_FORMAT); /* longer than its bytes */
    put(table + 4, 2, 43);
    assert_int_equal(parse(), STATUS_BAD_FORMAT);
    assert_int_equal(mp_table_parse(table, 43, &arena, &lines), STATUS_BAD_FORMAT);
    done();
    arena = arena_make(arena_bytes, 0);
    assert_int_equal(mp_table_parse(table, used, &arena, &lines), STATUS_NO_MEMORY);
}

static void put_pointer(uint64_t at, uint32_t to, uint8_t feature)
{
    uint8_t *p = fake_memory_at(at, 16);
    memset(p, 0, 16);
    memcpy(p, "_MP_", 4);
    put(p + 4, 4, to);
    p[8] = 1;
    p[9] = 4;
    p[11] = feature;
    fix_sum(p, 16, 10);
}

static enum status find(void)
{
    arena = arena_make(arena_bytes, sizeof(arena_bytes));
    return mp_table_find(&arena, &lines);
}

static void the_pointer_is_looked_for(void **state)
{
    (void)state;
    assert_int_equal(find(), STATUS_NOT_FOUND);
    put_pointer(POINTER, TABLE, 0);
    assert_int_equal(find(), STATUS_OK);
    assert_int_equal(lines.count, 3);
    put_pointer(POINTER, TABLE, 5); /* a default configuration */
    assert_int_equal(find(), STATUS_NOT_FOUND);
    put(fake_memory_at(0x413, 2), 2, 639);
    put_pointer(638 * KIB + 16, TABLE, 0);
    assert_int_equal(find(), STATUS_OK);
    put_pointer(638 * KIB + 16, MIB + 4096, 0); /* not in memory */
    assert_int_equal(find(), STATUS_BAD_FORMAT);
    *(uint8_t *)fake_memory_at(638 * KIB + 20, 1) ^= 1; /* its checksum */
    put(fake_memory_at(0x40e, 2), 2, 0x9f00);
    put_pointer(0x9f000 + 1008, MIB - 16, 0); /* a header that ends beyond memory */
    assert_int_equal(find(), STATUS_BAD_FORMAT);
    put_pointer(0x9f000 + 1008, TABLE, 0);
    assert_int_equal(find(), STATUS_OK);
}

/* 00:1e.0, a bridge that the table does not name behind; 02:01.0 named; 05:02.0 behind the bridge. */
static void lines_behind_bridges_are_followed(void **state)
{
    (void)state;
    struct pci_function functions[] = {
        {.at = sbdf_make(0, 0, 3, 0), .interrupt_pin = 2, .parent = PCI_NO_INDEX, .bridge = true},
        {.at = sbdf_make(0, 2, 1, 0), .interrupt_pin = 4, .parent = PCI_NO_INDEX},
        {.at = sbdf_make(0, 5, 2, 0), .interrupt_pin = 3, .parent = 0}, /* C of device 2 is A of the bridge */
        {.at = sbdf_make(0, 5, 3, 0), .interrupt_pin = 0, .parent = 0},
        {.at = sbdf_make(0, 5, 4, 0), .interrupt_pin = 7, .parent = 0},
        {.at = sbdf_make(0, 5, 5, 0), .interrupt_pin = 2, .parent = 0}, /* C of the bridge: not named */
        {.at = sbdf_make(1, 0, 3, 0), .interrupt_pin = 1, .parent = PCI_NO_INDEX},
    };
    struct machine m = {.madt = madt, .pci = {.functions = functions, .count = ARRAY_LENGTH(functions)}};
    assert_int_equal(parse(), STATUS_OK);
    const uint32_t *gsis = machine_lines_by(&m, &lines, &arena);
    const uint32_t expected[] = {18, 29, 17, PLAN_NO_GSI, PLAN_NO_GSI, PLAN_NO_GSI, PLAN_NO_GSI};
    assert_memory_equal(gsis, expected, sizeof(expected));
    put_pointer(POINTER, TABLE, 0);
    gsis = machine_lines_read(&m, &arena);
    assert_memory_equal(gsis, expected, sizeof(expected));
    put_pointer(POINTER, 0x5000, 0);
    assert_null(machine_lines_read(&m, &arena));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_of_pci, setup),
        cmocka_unit_test_setup(damaged_tables, setup),
        cmocka_unit_test_setup(the_pointer_is_looked_for, setup),
        cmocka_unit_test_setup(lines_behind_bridges_are_followed, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
