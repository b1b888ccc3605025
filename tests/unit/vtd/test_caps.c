/* SPDX-License-Identifier: GPL-2.0-only
 * Capabilities as real and emulated units report them. */
#include "vtd/caps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* QEMU 7.2's intel-iommu, as read from its registers. */
static void qemu(void **state)
{
    (void)state;
    struct vtd_caps c = vtd_caps_make(0xd2008c22260286, 0xf00f4a);
    assert_int_equal(c.domain_count, 65536);
    assert_true(c.caching_mode && c.page_selective && c.drain_read && c.drain_write);
    assert_false(c.write_buffer_flush || c.protected_low || c.protected_high || c.posting);
    assert_int_equal(c.level_mask, 2);
    assert_int_equal(c.address_bits, 39);
    assert_int_equal(c.fault_offset, 0x220);
    assert_int_equal(c.fault_count, 1);
    assert_int_equal(c.max_address_mask, 18);
    assert_int_equal(vtd_caps_max_leaf(&c), 3);
    assert_false(c.coherent || c.snoop_control || c.x2apic || c.device_tlb);
    assert_true(c.queued && c.interrupt_remapping);
    assert_int_equal(c.iotlb_offset, 0xf0);
    assert_true(vtd_caps_window(&c) == 0x230);
    assert_int_equal(vtd_caps_levels(c.level_mask), 3);
    assert_true(vtd_caps_limit(&c, 3) == UINT64_C(1) << 39);
}

/* A client unit of 2017 (Kaby Lake's main one). */
static void kaby_lake(void **state)
{
    (void)state;
    struct vtd_caps c = vtd_caps_make(0xd2008c40660462, 0xf050da);
    assert_int_equal(c.domain_count, 256);
    assert_true(c.protected_low && c.protected_high);
    assert_false(c.caching_mode || c.coherent);
    assert_int_equal(c.fault_offset, 0x400);
    assert_int_equal(c.address_bits, 39);
    assert_true(c.queued && c.interrupt_remapping && c.x2apic && c.snoop_control);
    assert_int_equal(c.iotlb_offset, 0x500);
    assert_true(vtd_caps_window(&c) == 0x510);
}

static void fields_one_by_one(void **state)
{
    (void)state;
    assert_int_equal(vtd_caps_make(0, 0).domain_count, 16);
    assert_int_equal(vtd_caps_make(0, 0).fault_count, 1);
    assert_int_equal(vtd_caps_make(UINT64_C(0xff) << 40, 0).fault_count, 256);
    assert_int_equal(vtd_caps_make(7, 0).domain_count, 16); /* a reserved value */
    assert_true(vtd_caps_make(UINT64_C(1) << 4, 0).write_buffer_flush);
    assert_true(vtd_caps_make(UINT64_C(1) << 59, 0).posting);
    assert_true(vtd_caps_make(0, 1).coherent);
    assert_true(vtd_caps_make(0, UINT64_C(1) << 43).scalable);
    /* 256 records at the highest offset: beyond one page. */
    struct vtd_caps c = vtd_caps_make(UINT64_C(0xff) << 40 | UINT64_C(0x3ff) << 24, 0);
    assert_true(vtd_caps_window(&c) == 0x4ff0);
}

static void levels(void **state)
{
    (void)state;
    assert_int_equal(vtd_caps_levels(0), 0);
    assert_int_equal(vtd_caps_levels(1), 0);
    assert_int_equal(vtd_caps_levels(1 << 1), 3);
    assert_int_equal(vtd_caps_levels(1 << 2), 4);
    assert_int_equal(vtd_caps_levels(1 << 3), 5);
    assert_int_equal(vtd_caps_levels(0xe), 4);
    assert_int_equal(vtd_caps_levels(0xa), 3);
}

static void limits(void **state)
{
    (void)state;
    struct vtd_caps c = vtd_caps_make(UINT64_C(47) << 16, 0);
    assert_true(vtd_caps_limit(&c, 3) == UINT64_C(1) << 39);
    assert_true(vtd_caps_limit(&c, 4) == UINT64_C(1) << 48);
    assert_true(vtd_caps_limit(&c, 5) == UINT64_C(1) << 48);
    c.pages_2m = false;
    c.pages_1g = true;
    assert_int_equal(vtd_caps_max_leaf(&c), 1);
    c.pages_2m = true;
    c.pages_1g = false;
    assert_int_equal(vtd_caps_max_leaf(&c), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(qemu),   cmocka_unit_test(kaby_lake), cmocka_unit_test(fields_one_by_one),
        cmocka_unit_test(levels), cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
