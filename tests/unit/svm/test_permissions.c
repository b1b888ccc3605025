/* SPDX-License-Identifier: GPL-2.0-only
 * svm/permissions.c: bit places from APM2 15.10 and 15.11. */
#include "svm/permissions.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static uint8_t msrpm[SVM_MSRPM_BYTES];
static uint8_t iopm[SVM_IOPM_BYTES];

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
    memset(msrpm, 0, sizeof(msrpm));
    memset(iopm, 0, sizeof(iopm));
    svm_permissions_deny_msrs(msrpm);
    svm_permissions_deny_ports(iopm);
    return 0;
}

static void starts_denied(void **state)
{
    (void)state;
    assert_int_equal(cleared_bits(msrpm, sizeof(msrpm)), 0);
    assert_int_equal(cleared_bits(iopm, sizeof(iopm)), 0);
}

static void msr_bits_are_in_place(void **state)
{
    (void)state;
    static const struct {
        uint32_t msr;
        bool read, write;
        uint16_t byte;
        uint8_t value;
    } cases[] = {
        {0x00000000, true, false, 0x0000, 0xfe}, {0x00000174, true, true, 0x005d, 0xfc},
        {0x00001fff, false, true, 0x07ff, 0x7f}, {0xc0000000, true, true, 0x0800, 0xfc},
        {0xc0000102, true, true, 0x0840, 0xcf},  {0xc0001fff, true, false, 0x0fff, 0xbf},
        {0xc0010000, true, false, 0x1000, 0xfe}, {0xc0011fff, true, true, 0x17ff, 0x3f},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        setup(NULL);
        assert_int_equal(svm_permissions_set_msr(msrpm, cases[i].msr, cases[i].read, cases[i].write), STATUS_OK);
        assert_int_equal(msrpm[cases[i].byte], cases[i].value);
        assert_int_equal(cleared_bits(msrpm, sizeof(msrpm)), cases[i].read + cases[i].write);
        assert_int_equal(svm_permissions_set_msr(msrpm, cases[i].msr, false, false), STATUS_OK);
        assert_int_equal(cleared_bits(msrpm, sizeof(msrpm)), 0);
    }
}

static void msrs_outside_the_map_are_refused(void **state)
{
    (void)state;
    static const uint32_t outside[] = {0x2000, 0x40000000, 0xbfffffff, 0xc0002000, 0xc000ffff, 0xc0012000, 0xffffffff};
    for (size_t i = 0; i < ARRAY_LENGTH(outside); i++) {
        assert_int_equal(svm_permissions_set_msr(msrpm, outside[i], true, true), STATUS_OUT_OF_RANGE);
    }
    assert_int_equal(cleared_bits(msrpm, sizeof(msrpm)), 0);
}

static void port_bits_are_in_place(void **state)
{
    (void)state;
    assert_int_equal(svm_permissions_set_ports(iopm, 0x3f8, 8, true), STATUS_OK);
    assert_int_equal(iopm[0x7f], 0x00);
    assert_int_equal(cleared_bits(iopm, sizeof(iopm)), 8);
    assert_int_equal(svm_permissions_set_ports(iopm, 0x3fa, 1, false), STATUS_OK);
    assert_int_equal(iopm[0x7f], 0x04);
    assert_int_equal(svm_permissions_set_ports(iopm, 0xffff, 1, true), STATUS_OK);
    assert_int_equal(iopm[0x1fff], 0x7f);
    assert_int_equal(iopm[0x2000], 0xff); /* a 2-byte access at port 0xffff still exits */
}

static void port_ranges_are_checked(void **state)
{
    (void)state;
    assert_int_equal(svm_permissions_set_ports(iopm, 0, 0, true), STATUS_OUT_OF_RANGE);
    assert_int_equal(svm_permissions_set_ports(iopm, 1, 0x10000, true), STATUS_OUT_OF_RANGE);
    assert_int_equal(svm_permissions_set_ports(iopm, 0xffff, 2, true), STATUS_OUT_OF_RANGE);
    assert_int_equal(svm_permissions_set_ports(iopm, 0x80, UINT32_MAX, true), STATUS_OUT_OF_RANGE);
    assert_int_equal(cleared_bits(iopm, sizeof(iopm)), 0);
    assert_int_equal(svm_permissions_set_ports(iopm, 0, 0x10000, true), STATUS_OK);
    assert_int_equal(cleared_bits(iopm, sizeof(iopm)), 0x10000);
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
