/* SPDX-License-Identifier: GPL-2.0-only
 * MSI registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/msi.h"
#include "tests/fake/pci.h"

static struct fake_pci_function *fake;
static struct pci_function function;

static void make(bool wide, bool masking)
{
    fake_pci_reset();
    fake = fake_pci_add(sbdf_make(0, 0, 2, 0), 0x8086, 0x1234, 0x020000);
    function = (struct pci_function){.at = fake->at, .msi_count = 4};
    function.cap.msi = fake_pci_add_msi(fake, wide, masking);
}

static const struct msi_message message = {0xfee01000, 0x4031};

static void narrow_layout(void **state)
{
    (void)state;
    make(false, false);
    fake_pci_set(fake, function.cap.msi + 2, 2, 1);
    assert_int_equal(msi_program(&function, 2, &message), STATUS_OK);
    assert_int_equal(fake_pci_get(fake, function.cap.msi + 4, 4), 0xfee01000);
    assert_int_equal(fake_pci_get(fake, function.cap.msi + 8, 2), 0x4031);
    assert_int_equal(fake_pci_get(fake, function.cap.msi + 2, 2), 0x20);            /* off, four vectors */
    assert_int_equal(fake_pci_written(0, fake->at, function.cap.msi + 2, 1, 0), 0); /* off before anything */
    assert_int_equal(msi_mask(&function, 0, true), STATUS_UNSUPPORTED);
}

static void wide_layout_and_masks(void **state)
{
    (void)state;
    make(true, true);
    const struct msi_message high = {0x1fee00000, 0x31};
    assert_int_equal(msi_program(&function, 0, &high), STATUS_OK);
    assert_int_equal(fake_pci_get(fake, function.cap.msi + 8, 4), 1);
    assert_int_equal(fake_pci_get(fake, function.cap.msi + 12, 2), 0x31);
    assert_int_equal(msi_mask(&function, 3, true), STATUS_OK);
    assert_int_equal(fake_pci_get(fake, function.cap.msi + 16, 4), 8);
    assert_int_equal(msi_mask(&function, 3, false), STATUS_OK);
    assert_int_equal(fake_pci_get(fake, function.cap.msi + 16, 4), 0);
    assert_int_equal(msi_mask(&function, 4, true), STATUS_OUT_OF_RANGE);
    assert_int_equal(msi_enable(&function, true), STATUS_OK);
    assert_int_equal(fake_pci_get(fake, function.cap.msi + 2, 2) & 1, 1);
    assert_int_equal(msi_enable(&function, false), STATUS_OK);
    assert_int_equal(fake_pci_get(fake, function.cap.msi + 2, 2) & 1, 0);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    make(false, false);
    const struct msi_message high = {0x1fee00000, 0}, odd = {0xfee00002, 0}, fat = {0xfee00000, 0x10000};
    assert_int_equal(msi_program(&function, 0, &high), STATUS_OUT_OF_RANGE);
    assert_int_equal(msi_program(&function, 0, &odd), STATUS_OUT_OF_RANGE);
    assert_int_equal(msi_program(&function, 0, &fat), STATUS_OUT_OF_RANGE);
    assert_int_equal(msi_program(&function, 3, &message), STATUS_OUT_OF_RANGE);
    assert_int_equal(msi_program(&function, 33, &message), STATUS_OUT_OF_RANGE);
    size_t count = 0;
    fake_pci_writes(&count);
    assert_int_equal(count, 0);
    function.cap.msi = 0;
    assert_int_equal(msi_program(&function, 0, &message), STATUS_NOT_FOUND);
    assert_int_equal(msi_enable(&function, true), STATUS_NOT_FOUND);
    assert_int_equal(msi_mask(&function, 0, true), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrow_layout),
        cmocka_unit_test(wide_layout_and_masks),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
