/* SPDX-License-Identifier: GPL-2.0-only
 * The MSI-X table: found, bounds-checked, programmed behind its mask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/msix.h"
#include "drivers/pci_diag.h"
#include "kernel/core/mmio_map.h"
#include "tests/fake/mmio.h"
#include "tests/fake/pci.h"

#define BASE UINT64_C(0xfe000000)

static struct fake_pci_function *fake;
static struct pci_function function;
static uint32_t table[0x1000 / 4];
static struct diag diags[4];
static struct diag_list list;

static uint64_t read_table(void *context, uint64_t offset, unsigned width)
{
    (void)context;
    assert_int_equal(width, 4);
    return table[offset / 4];
}

static void write_table(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context;
    assert_int_equal(width, 4);
    bool is_control = offset % 16 == 12;
    assert_true(is_control || (table[(offset | 12) / 4] & 1) == 1); /* entries change only while masked */
    table[offset / 4] = (uint32_t)value;
}

static void make(unsigned entries, uint32_t table_register, uint32_t pba_register)
{
    fake_pci_reset();
    fake_mmio_reset();
    memset(table, 0, sizeof(table));
    list = diag_list_make(diags, 4);
    fake_mmio_add(BASE, sizeof(table), read_table, write_table, NULL);
    fake = fake_pci_add(sbdf_make(0, 0, 2, 0), 0x8086, 0x1234, 0x020000);
    function = (struct pci_function){.at = fake->at, .msix_count = (uint16_t)entries};
    function.cap.msix = fake_pci_add_msix(fake, entries, table_register, pba_register);
    function.bars[3] = (struct pci_bar){.kind = PCI_BAR_MEM32, .assigned = true, .address = BASE, .size = 0x1000};
    function.bars[1] = (struct pci_bar){.kind = PCI_BAR_IO, .assigned = true, .address = 0xc000, .size = 0x1000};
}

static void programs_behind_the_mask(void **state)
{
    (void)state;
    make(5, 0x203, 0x803);
    struct msix_table t;
    assert_int_equal(msix_locate(&function, &t, &list), STATUS_OK);
    assert_int_equal(t.count, 5);
    assert_int_equal(t.table.v, BASE + 0x200);
    assert_int_equal(t.table_bar, 3);
    assert_int_equal(t.pba_offset, 0x800);
    assert_int_equal(mmio_map(t.table, 5 * MSIX_ENTRY_BYTES), STATUS_OK);
    const struct msi_message m = {0x1fee01004, 0x12345678};
    assert_int_equal(msix_program(&t, 4, &m), STATUS_OK);
    assert_int_equal(table[0x240 / 4], 0xfee01004);
    assert_int_equal(table[0x244 / 4], 1);
    assert_int_equal(table[0x248 / 4], 0x12345678);
    assert_int_equal(table[0x24c / 4], 1);
    assert_int_equal(msix_mask(&t, 4, false), STATUS_OK);
    assert_int_equal(table[0x24c / 4], 0);
    msix_mask_table(&t);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(table[(0x20c + 16 * i) / 4], 1);
    }
    assert_int_equal(table[0x25c / 4], 0);
    const struct msi_message odd = {0xfee01002, 0};
    assert_int_equal(msix_program(&t, 5, &m), STATUS_OUT_OF_RANGE);
    assert_int_equal(msix_mask(&t, 5, true), STATUS_OUT_OF_RANGE);
    assert_int_equal(msix_program(&t, 0, &odd), STATUS_OUT_OF_RANGE);
}

static void expect_refused(unsigned entries, uint32_t table_register, uint32_t pba_register)
{
    struct msix_table t;
    make(entries, table_register, pba_register);
    assert_int_equal(msix_locate(&function, &t, &list), STATUS_OUT_OF_RANGE);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].code, PCI_DIAG_MSIX_TABLE);
    assert_int_equal(msix_locate(&function, &t, NULL), STATUS_OUT_OF_RANGE);
}

static void tables_outside_their_bar(void **state)
{
    (void)state;
    expect_refused(2, 0xff3, 0x003);      /* second entry past the end */
    expect_refused(2048, 0x003, 0x003);   /* longer than the BAR */
    expect_refused(1, 0xfffffffb, 0x003); /* far away */
    expect_refused(1, 0x003, 0x1003);     /* pending bits past the end */
    expect_refused(1, 0x001, 0x003);      /* in ports */
    expect_refused(1, 0x006, 0x003);      /* BAR numbers that do not exist */
    expect_refused(1, 0x003, 0x007);
    expect_refused(1, 0x000, 0x003); /* in a BAR that is not there */
    struct msix_table t;
    make(1, 0xff3, 0xff3);
    assert_int_equal(msix_locate(&function, &t, &list), STATUS_OK);
    function.bars[3].assigned = false;
    assert_int_equal(msix_locate(&function, &t, &list), STATUS_OUT_OF_RANGE);
    function.cap.msix = 0;
    assert_int_equal(msix_locate(&function, &t, &list), STATUS_NOT_FOUND);
    assert_int_equal(msix_enable(&function, true, false), STATUS_NOT_FOUND);
}

static void enable_and_mask_all(void **state)
{
    (void)state;
    make(5, 3, 0x803);
    assert_int_equal(msix_enable(&function, true, true), STATUS_OK);
    assert_int_equal(fake_pci_get(fake, function.cap.msix + 2, 2), 0xc004);
    assert_int_equal(msix_enable(&function, true, false), STATUS_OK);
    assert_int_equal(fake_pci_get(fake, function.cap.msix + 2, 2), 0x8004);
    assert_int_equal(msix_enable(&function, false, false), STATUS_OK);
    assert_int_equal(fake_pci_get(fake, function.cap.msix + 2, 2), 0x0004);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_behind_the_mask),
        cmocka_unit_test(tables_outside_their_bar),
        cmocka_unit_test(enable_and_mask_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
