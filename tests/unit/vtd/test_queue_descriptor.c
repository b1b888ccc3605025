/* SPDX-License-Identifier: GPL-2.0-only
 * Invalidation descriptors against vectors worked out by hand from VT-d 4.1 figures 6-1 to 6-9. */
#include "vtd/queue_descriptor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void check(struct vtd_descriptor d, uint64_t low, uint64_t high)
{
    assert_true(d.low == low);
    assert_true(d.high == high);
}

static void context(void **state)
{
    (void)state;
    check(vtd_descriptor_context_global(), 0x11, 0);
    check(vtd_descriptor_context_device(0x1234, 0xabcd), 0x0000abcd12340031, 0);
    check(vtd_descriptor_context_device(0, 0x00fa), 0x000000fa00000031, 0);
}

static void iotlb(void **state)
{
    (void)state;
    check(vtd_descriptor_iotlb_global((struct vtd_drain){false, false}), 0x12, 0);
    check(vtd_descriptor_iotlb_global((struct vtd_drain){true, true}), 0xd2, 0);
    check(vtd_descriptor_iotlb_domain(0xffff, (struct vtd_drain){.write = true}), 0x00000000ffff0062, 0);
    check(vtd_descriptor_iotlb_domain(7, (struct vtd_drain){.read = true}), 0x00000000000700a2, 0);
    check(vtd_descriptor_iotlb_pages(7, 0x123456789000, 0, (struct vtd_drain){true, true}), 0x00000000000700f2,
          0x0000123456789000);
    check(vtd_descriptor_iotlb_pages(7, 0x40000000, 18, (struct vtd_drain){false, false}), 0x0000000000070032,
          0x0000000040000012);
}

static void interrupts(void **state)
{
    (void)state;
    check(vtd_descriptor_iec_global(), 0x04, 0);
    check(vtd_descriptor_iec_index(0x0123), 0x0000012300000014, 0);
}

static void device_tlb(void **state)
{
    (void)state;
    /* S = 1 and all address bits but 63 set: everything. */
    check(vtd_descriptor_device_tlb(0x0300, 4, false, 0, VTD_DEVICE_TLB_ALL), 0x0000030000040003, 0x7ffffffffffff001);
    check(vtd_descriptor_device_tlb(0x0300, 31, false, 0x12345000, 0), 0x00000300001f0003, 0x12345000);
    check(vtd_descriptor_device_tlb(0x0300, 0, false, 0x12344000, 1), 0x0000030000000003, 0x12344001);
    check(vtd_descriptor_device_tlb(0x0300, 0, false, 0x12344000, 2), 0x0000030000000003, 0x12345001);
    check(vtd_descriptor_device_tlb(0x0300, 0, false, 0x12200000, 9), 0x0000030000000003, 0x122ff001);
    check(vtd_descriptor_device_tlb(0x0300, 0, false, 0x123456000, 51), 0x0000030000000003, 0x3ffffffffffff001);
    /* PFSID: 3:0 at 15:12, 15:4 at 63:52. */
    check(vtd_descriptor_device_tlb(0x3b19, 4, true, 0x1000, 0), 0x3b103b1900049003, 0x1000);
}

static void wait(void **state)
{
    (void)state;
    /* SW and FN, no interrupt. */
    check(vtd_descriptor_wait(hpa(0x12345678), 0xcafef00d), 0xcafef00d00000065, 0x0000000012345678);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(context),    cmocka_unit_test(iotlb), cmocka_unit_test(interrupts),
        cmocka_unit_test(device_tlb), cmocka_unit_test(wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
