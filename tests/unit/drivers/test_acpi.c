/* SPDX-License-Identifier: GPL-2.0-only
 * Finding ACPI tables: good ones are found, damaged ones are left out and reported. */
#include "drivers/acpi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/acpi_diag.h"
#include "tests/fake/memory.h"
#include "tests/unit/drivers/acpi_tables.h"

#define MEMORY (2 * MIB)
#define XSDT 0x100000
#define RSDT 0x101000
#define APIC 0x102000
#define DMAR1 0x103000
#define DMAR2 0x104000

static struct diag items[64];
static struct diag_list diags;
static uint8_t arena_bytes[64 * 1024];
static struct arena arena;
static struct acpi acpi;
static uint8_t rsdp[36];

static void put_root(uint64_t at, const char *signature, size_t entry_bytes, const uint64_t *entries, size_t count)
{
    uint8_t *t = put_table(at, signature, (uint32_t)(36 + count * entry_bytes));
    for (size_t i = 0; i < count; i++) {
        put(t + 36 + i * entry_bytes, entry_bytes, entries[i]);
    }
    table_done(t);
}

static int setup(void **state)
{
    (void)state;
    fake_memory_reset(0, MEMORY);
    diags = diag_list_make(items, ARRAY_LENGTH(items));
    arena = arena_make(arena_bytes, sizeof(arena_bytes));
    const uint64_t xsdt[] = {APIC, DMAR1, DMAR2};
    const uint64_t rsdt[] = {APIC};
    put_root(XSDT, "XSDT", 8, xsdt, 3);
    put_root(RSDT, "RSDT", 4, rsdt, 1);
    put_table(APIC, "APIC", 44);
    put_table(DMAR1, "DMAR", 48);
    put_table(DMAR2, "DMAR", 64);
    put_rsdp(rsdp, 2, RSDT, XSDT);
    return 0;
}

static bool said(enum acpi_diag code)
{
    for (size_t i = 0; i < diags.count; i++) {
        if (diags.items[i].code == code) {
            return true;
        }
    }
    return false;
}

static enum status open_passed(size_t length)
{
    return acpi_open(&acpi, rsdp, length, &arena, &diags);
}

static void test_xsdt(void **state)
{
    (void)state;
    struct acpi_view view;
    assert_int_equal(open_passed(36), STATUS_OK);
    assert_true(acpi.xsdt);
    assert_int_equal(acpi.root.v, XSDT);
    assert_int_equal(acpi.revision, 2);
    assert_int_equal(acpi.count, 3);
    assert_int_equal(diags.count, 0);
    assert_int_equal(acpi_count(&acpi, "DMAR"), 2);
    assert_false(acpi.dmar_damaged);
    assert_int_equal(acpi_count(&acpi, "MCFG"), 0);
    assert_int_equal(acpi_find(&acpi, "DMAR", 1, &view), STATUS_OK);
    assert_int_equal(view.at.v, DMAR2);
    assert_int_equal(view.length, 64);
    assert_int_equal(acpi_find(&acpi, "DMAR", 2, &view), STATUS_NOT_FOUND);
}

static void test_rsdt_of_acpi1(void **state)
{
    (void)state;
    put_rsdp(rsdp, 0, RSDT, 0);
    assert_int_equal(open_passed(20), STATUS_OK);
    assert_false(acpi.xsdt);
    assert_int_equal(acpi.count, 1);
    assert_int_equal(diags.count, 0);
}

/* A multiboot2 loader may pass only the old 20 bytes of a new RSDP. */
static void test_old_part_of_new_rsdp(void **state)
{
    (void)state;
    assert_int_equal(open_passed(20), STATUS_OK);
    assert_false(acpi.xsdt);
    assert_true(said(ACPI_DIAG_RSDP_EXTENDED_BAD));
}

static void test_damaged_extended_part(void **state)
{
    (void)state;
    rsdp[24] ^= 0x10;
    assert_int_equal(open_passed(36), STATUS_OK);
    assert_false(acpi.xsdt);
    assert_true(said(ACPI_DIAG_RSDP_EXTENDED_BAD));
}

static void test_damaged_xsdt_falls_back(void **state)
{
    (void)state;
    put_at(XSDT + 40, 1, 0xff);
    assert_int_equal(open_passed(36), STATUS_OK);
    assert_false(acpi.xsdt);
    assert_true(said(ACPI_DIAG_TABLE_CHECKSUM));
}

static void test_root_with_wrong_name(void **state)
{
    (void)state;
    const uint64_t entries[] = {APIC};
    put_root(XSDT, "SSDT", 8, entries, 1);
    assert_int_equal(open_passed(36), STATUS_OK);
    assert_false(acpi.xsdt);
    assert_true(said(ACPI_DIAG_ROOT_BAD));
}

static void test_no_root_at_all(void **state)
{
    (void)state;
    put_rsdp(rsdp, 2, 0, UINT64_C(0xfffffffffffff000));
    assert_int_equal(open_passed(36), STATUS_BAD_FORMAT);
    assert_true(said(ACPI_DIAG_ROOT_BAD));
    assert_int_equal(acpi.count, 0);
    assert_true(diags.errors > 0);
}

static void test_damaged_table_is_left_out(void **state)
{
    (void)state;
    put_at(DMAR1 + 40, 1, 1);
    assert_int_equal(open_passed(36), STATUS_OK);
    assert_int_equal(acpi_count(&acpi, "DMAR"), 1);
    assert_true(said(ACPI_DIAG_TABLE_CHECKSUM));
    assert_string_equal(diags.items[0].where, "ACPI DMAR at 0x103000");
    assert_true(acpi.dmar_damaged);
}

static void test_wild_lengths(void **state)
{
    (void)state;
    const uint32_t bad[] = {0, 35, 17 << 20, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        setup(NULL);
        put_at(DMAR1 + 4, 4, bad[i]);
        assert_int_equal(open_passed(36), STATUS_OK);
        assert_int_equal(acpi_count(&acpi, "DMAR"), 1);
        assert_true(said(ACPI_DIAG_TABLE_LENGTH));
    }
    setup(NULL);
    put_at(DMAR1 + 4, 4, MEMORY); /* plausible, but memory ends before it */
    assert_int_equal(open_passed(36), STATUS_OK);
    assert_true(said(ACPI_DIAG_TABLE_UNREADABLE));
}

static void test_wild_pointers(void **state)
{
    (void)state;
    const uint64_t entries[] = {0, MEMORY - 35, UINT64_MAX, UINT64_MAX - 35, APIC, APIC};
    put_root(XSDT, "XSDT", 8, entries, ARRAY_LENGTH(entries));
    assert_int_equal(open_passed(36), STATUS_OK);
    assert_int_equal(acpi.count, 1);
    assert_true(said(ACPI_DIAG_TABLE_UNREADABLE));
    assert_true(said(ACPI_DIAG_TABLE_TWICE));
}

static void test_root_with_half_an_entry(void **state)
{
    (void)state;
    uint8_t *t = put_table(XSDT, "XSDT", 36 + 8 + 5);
    put(t + 36, 8, APIC);
    table_done(t);
    assert_int_equal(open_passed(36), STATUS_OK);
    assert_int_equal(acpi.count, 1);
    assert_true(said(ACPI_DIAG_ROOT_TAIL));
}

static void test_search_bios_area(void **state)
{
    (void)state;
    memcpy(fake_memory_at(0xf5a10, 36), rsdp, 36);
    assert_int_equal(open_passed(0), STATUS_OK);
    assert_int_equal(acpi.count, 3);
    /* The last place possible: an ACPI 1.0 RSDP that ends beyond 1 MiB would not be in the area, so it is not found
     * at 0xffff8, which is no 16-byte boundary either. */
    setup(NULL);
    put_rsdp(fake_memory_at(0xffff8, 36), 0, RSDT, 0);
    assert_int_equal(open_passed(0), STATUS_NOT_FOUND);
}

static void test_search_ebda(void **state)
{
    (void)state;
    put_at(0x40e, 2, 0x9fc0);
    memcpy(fake_memory_at(0x9fc00 + 1008, 36), rsdp, 36);
    assert_int_equal(open_passed(0), STATUS_OK);
    /* Beyond the first KiB, or not on 16 bytes, does not count. */
    setup(NULL);
    put_at(0x40e, 2, 0x9f80);
    memcpy(fake_memory_at(0x9f800 + 1024, 36), rsdp, 36);
    memcpy(fake_memory_at(0xf0008, 36), rsdp, 36);
    assert_int_equal(open_passed(0), STATUS_NOT_FOUND);
    assert_true(said(ACPI_DIAG_NO_RSDP));
}

static void test_damaged_passed_rsdp_is_searched_for(void **state)
{
    (void)state;
    memcpy(fake_memory_at(0xe0000, 36), rsdp, 36);
    rsdp[3] = 'x';
    assert_int_equal(open_passed(36), STATUS_OK);
    assert_true(said(ACPI_DIAG_RSDP_BAD));
    assert_int_equal(acpi.count, 3);
}

static void test_search_without_low_memory(void **state)
{
    (void)state;
    fake_memory_reset(MIB, MIB);
    assert_int_equal(open_passed(0), STATUS_NOT_FOUND);
}

static void test_full_arena(void **state)
{
    (void)state;
    arena = arena_make(arena_bytes, 8);
    assert_int_equal(open_passed(36), STATUS_NO_MEMORY);
}

/* Any one byte of the RSDP or of the XSDT changed: never a crash, never a table that is not one of ours. */
static void test_every_byte_flipped(void **state)
{
    (void)state;
    for (size_t i = 0; i < 36 + 60; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            setup(NULL);
            uint8_t *at = i < 36 ? rsdp + i : (uint8_t *)fake_memory_at(XSDT + i - 36, 1);
            *at = (uint8_t)(*at ^ 1u << bit);
            if (open_passed(36) != STATUS_OK) {
                continue;
            }
            assert_true(acpi.count == 1 || acpi.count == 3);
            assert_true(diags.count > 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_xsdt, setup),
        cmocka_unit_test_setup(test_rsdt_of_acpi1, setup),
        cmocka_unit_test_setup(test_old_part_of_new_rsdp, setup),
        cmocka_unit_test_setup(test_damaged_extended_part, setup),
        cmocka_unit_test_setup(test_damaged_xsdt_falls_back, setup),
        cmocka_unit_test_setup(test_root_with_wrong_name, setup),
        cmocka_unit_test_setup(test_no_root_at_all, setup),
        cmocka_unit_test_setup(test_damaged_table_is_left_out, setup),
        cmocka_unit_test_setup(test_wild_lengths, setup),
        cmocka_unit_test_setup(test_wild_pointers, setup),
        cmocka_unit_test_setup(test_root_with_half_an_entry, setup),
        cmocka_unit_test_setup(test_search_bios_area, setup),
        cmocka_unit_test_setup(test_search_ebda, setup),
        cmocka_unit_test_setup(test_damaged_passed_rsdp_is_searched_for, setup),
        cmocka_unit_test_setup(test_search_without_low_memory, setup),
        cmocka_unit_test_setup(test_full_arena, setup),
        cmocka_unit_test_setup(test_every_byte_flipped, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
