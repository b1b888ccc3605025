/* SPDX-License-Identifier: GPL-2.0-only
 * Compatibility format against vectors worked out by hand from SDM 3A figures 11-24, 11-25 and 82093AA 3.2.4. */
#include "vtd/compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void messages(void **state)
{
    (void)state;
    struct vtd_msi m = vtd_compat_msi(0x41, 0);
    assert_true(m.address == 0xfee00000 && m.data == 0x41);
    m = vtd_compat_msi(0xef, 0x12);
    assert_true(m.address == 0xfee12000 && m.data == 0xef);
    m = vtd_compat_msi(0x30, 254);
    assert_true(m.address == 0xfeefe000 && m.data == 0x30);
}

static void ioapic_entries(void **state)
{
    (void)state;
    struct vtd_ioapic_pin pin = {.vector = 0x51};
    assert_true(vtd_compat_ioapic(0, pin) == 0x51);
    pin = (struct vtd_ioapic_pin){.vector = 0x51, .level = true, .active_low = true};
    assert_true(vtd_compat_ioapic(0x12, pin) == 0x120000000000a051);
    pin = (struct vtd_ioapic_pin){.vector = 0x33, .masked = true};
    assert_true(vtd_compat_ioapic(0xfe, pin) == 0xfe00000000010033);
}

static void everybody_is_nobody(void **state)
{
    (void)state;
    assert_true(vtd_compat_reaches(0) && vtd_compat_reaches(254));
    assert_false(vtd_compat_reaches(255) || vtd_compat_reaches(256) || vtd_compat_reaches(UINT32_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages),
        cmocka_unit_test(ioapic_entries),
        cmocka_unit_test(everybody_is_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
