/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/bitmaps.c: bit places from SDM 3C 25.6.4 and 25.6.9. */
#include "vmx/bitmaps.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static uint8_t msrs[VMX_MSR_BITMAP_BYTES];
static uint8_t ports[VMX_IO_BITMAP_BYTES];

static size_t cleared_bits(const uint8_t *map, size_t bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < bytes; i++) {
        count += 8 - (size_t)__builtin_popcount(map[i]);
    }
    return count;
}

static int setup(void **state)
{
    (void)state;
    memset(msrs, 0, sizeof(msrs));
    memset(ports, 0, sizeof(ports));
    vmx_bitmaps_deny_msrs(msrs);
    vmx_bitmaps_deny_ports(ports);
    return 0;
}

static void starts_denied(void **state)
{
    (void)state;
    assert_int_equal(cleared_bits(msrs, sizeof(msrs)), 0);
    assert_int_equal(cleared_bits(ports, sizeof(ports)), 0);
}

/* Offset of the byte and its value when this access alone is allowed. */
static void msr_bits_are_in_place(void **state)
{
    (void)state;
    static const struct {
        uint32_t msr;
        uint16_t read_byte, write_byte;
        uint8_t value;
    } cases[] = {
        {0x00000000, 0x000, 0x800, 0xfe}, {0x00000174, 0x02e, 0x82e, 0xef}, {0x00001fff, 0x3ff, 0xbff, 0x7f},
        {0xc0000000, 0x400, 0xc00, 0xfe}, {0xc0000102, 0x420, 0xc20, 0xfb}, {0xc0001fff, 0x7ff, 0xfff, 0x7f},
        {0x00000808, 0x101, 0x901, 0xfe},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (unsigned access = 0; access < 4; access++) {
            setup(NULL);
            bool read = (access & 1) != 0, write = (access & 2) != 0;
            assert_int_equal(vmx_bitmaps_set_msr(msrs, cases[i].msr, read, write), STATUS_OK);
            assert_int_equal(msrs[cases[i].read_byte], read ? cases[i].value : 0xff);
            assert_int_equal(msrs[cases[i].write_byte], write ? cases[i].value : 0xff);
            assert_int_equal(cleared_bits(msrs, sizeof(msrs)), read + write);
            assert_int_equal(vmx_bitmaps_set_msr(msrs, cases[i].msr, false, false), STATUS_OK);
            assert_int_equal(cleared_bits(msrs, sizeof(msrs)), 0);
        }
    }
}

static void msrs_outside_the_map_are_refused(void **state)
{
    (void)state;
    static const uint32_t outside[] = {0x2000, 0x40000000, 0xbfffffff, 0xc0002000, 0xc0010000, 0xffffffff};
    for (size_t i = 0; i < ARRAY_LENGTH(outside); i++) {
        assert_int_equal(vmx_bitmaps_set_msr(msrs, outside[i], true, true), STATUS_OUT_OF_RANGE);
    }
    assert_int_equal(cleared_bits(msrs, sizeof(msrs)), 0);
}

static void port_bits_are_in_place(void **state)
{
    (void)state;
    assert_int_equal(vmx_bitmaps_set_ports(ports, 0x3f8, 8, true), STATUS_OK);
    assert_int_equal(ports[0x7f], 0x00);
    assert_int_equal(cleared_bits(ports, sizeof(ports)), 8);
    assert_int_equal(vmx_bitmaps_set_ports(ports, 0x3fa, 1, false), STATUS_OK);
    assert_int_equal(ports[0x7f], 0x04);
    assert_int_equal(vmx_bitmaps_set_ports(ports, 0x7fff, 2, true), STATUS_OK);
    assert_int_equal(ports[0xfff], 0x7f);
    assert_int_equal(ports[VMX_IO_BITMAP_B], 0xfe); /* 0x8000 is the first of bitmap B */
    assert_int_equal(vmx_bitmaps_set_ports(ports, 0xffff, 1, true), STATUS_OK);
    assert_int_equal(ports[0x1fff], 0x7f);
}

static void port_ranges_are_checked(void **state)
{
    (void)state;
    assert_int_equal(vmx_bitmaps_set_ports(ports, 0, 0, true), STATUS_OUT_OF_RANGE);
    assert_int_equal(vmx_bitmaps_set_ports(ports, 1, 0x10000, true), STATUS_OUT_OF_RANGE);
    assert_int_equal(vmx_bitmaps_set_ports(ports, 0xffff, 2, true), STATUS_OUT_OF_RANGE);
    assert_int_equal(vmx_bitmaps_set_ports(ports, 0x80, UINT32_MAX, true), STATUS_OUT_OF_RANGE);
    assert_int_equal(cleared_bits(ports, sizeof(ports)), 0);
    assert_int_equal(vmx_bitmaps_set_ports(ports, 0, 0x10000, true), STATUS_OK);
    assert_int_equal(cleared_bits(ports, sizeof(ports)), 0x10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(starts_denied, setup),
        cmocka_unit_test_setup(msr_bits_are_in_place, setup),
        cmocka_unit_test_setup(msrs_outside_the_map_are_refused, setup),
        cmocka_unit_test_setup(port_bits_are_in_place, setup),
        cmocka_unit_test_setup(port_ranges_are_checked, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
