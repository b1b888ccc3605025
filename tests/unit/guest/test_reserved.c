/* SPDX-License-Identifier: GPL-2.0-only
 * guest/reserved.c: which memory of firmware's a guest's devices reach, and only they. */
#include "guest/reserved.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fake/guest_pci_rig.h"

static struct guest_pci_rig rig;
static struct dmar_rmrr rmrrs[GUEST_RESERVED_MAX + 1];
static struct plan_reserved regions[GUEST_RESERVED_MAX + 1];
static const struct dmar dmar = {.rmrrs = rmrrs, .rmrr_count = GUEST_RESERVED_MAX + 1};
static struct guest_reserved reserved;

static void set(size_t index, uint64_t start, uint64_t size)
{
    rmrrs[index] = (struct dmar_rmrr){.base = start, .limit = start + size - 1, .start = start, .size = size};
    regions[index] = (struct plan_reserved){.guest = 0, .rmrr = index};
}

static void regions_are_sorted_and_joined(void **state)
{
    (void)state;
    set(0, 0x70000000, 0x2000);
    set(1, 0x60000000, 0x1000);
    set(2, 0x70001000, 0x3000); /* overlaps the first */
    set(3, 0x60001000, 0x1000); /* touches the second */
    set(4, 0x70000000, 0x1000); /* inside */
    assert_int_equal(guest_reserved_make(&dmar, regions, 5, &reserved), STATUS_OK);
    assert_int_equal(reserved.count, 2);
    assert_int_equal(reserved.ranges[0].start, 0x60000000);
    assert_int_equal(reserved.ranges[0].end, 0x60002000);
    assert_int_equal(reserved.ranges[1].start, 0x70000000);
    assert_int_equal(reserved.ranges[1].end, 0x70004000);
    assert_int_equal(guest_reserved_make(&dmar, NULL, 0, &reserved), STATUS_OK);
    assert_int_equal(reserved.count, 0);
}

static void bad_regions_are_refused(void **state)
{
    (void)state;
    set(0, 0x70000000, 0);
    assert_int_equal(guest_reserved_make(&dmar, regions, 1, &reserved), STATUS_OUT_OF_RANGE);
    set(0, 0x70000800, 0x1000);
    assert_int_equal(guest_reserved_make(&dmar, regions, 1, &reserved), STATUS_OUT_OF_RANGE);
    set(0, UINT64_MAX - 0xfff, 0x1000);
    assert_int_equal(guest_reserved_make(&dmar, regions, 1, &reserved), STATUS_OUT_OF_RANGE);
    for (size_t i = 0; i <= GUEST_RESERVED_MAX; i++) {
        set(i, 0x70000000 + i * 0x2000, 0x1000);
    }
    assert_int_equal(guest_reserved_make(&dmar, regions, GUEST_RESERVED_MAX, &reserved), STATUS_OK);
    assert_int_equal(guest_reserved_make(&dmar, regions, GUEST_RESERVED_MAX + 1, &reserved), STATUS_NO_MEMORY);
}

static void the_guest_s_devices_reach_them_and_nobody_else(void **state)
{
    (void)state;
    uint64_t host = 0;
    struct radix_mapping m;
    guest_pci_rig_start(&rig);
    set(0, 0x70000000, 0x2000);
    assert_int_equal(guest_reserved_make(&dmar, regions, 1, &reserved), STATUS_OK);
    assert_int_equal(guest_reserved_map(&reserved, &rig.domain), STATUS_OK);
    guest_pci_rig_attach(&rig, &rig.nvme_device);
    assert_true(vtd_model_may_now(rig.model, sbdf_rid(rig.nvme->at), 0x70001000, true, &host));
    assert_int_equal(host, 0x70001000);
    assert_false(vtd_model_may_now(rig.model, sbdf_rid(rig.nvme->at), 0x70002000, true, &host));
    assert_false(vtd_model_may_now(rig.model, sbdf_rid(rig.plain->at), 0x70001000, true, &host));
    assert_int_equal(radix_lookup(&rig.nested, 0x70001000, &m), STATUS_NOT_FOUND); /* vCPUs do not */
    set(0, 0x1000, 0x1000);                                                        /* where the guest has RAM */
    assert_int_equal(guest_reserved_make(&dmar, regions, 1, &reserved), STATUS_OK);
    assert_int_equal(guest_reserved_map(&reserved, &rig.domain), STATUS_CONFLICT);
}

static void the_map_calls_them_reserved(void **state)
{
    (void)state;
    struct image_range map[2 + GUEST_RESERVED_MAX] = {{0, 0x9fc00, true}, {GUEST_ECAM_START, GUEST_ECAM_SIZE, false}};
    size_t count = 2;
    set(0, 0x70000000, 0x2000);
    assert_int_equal(guest_reserved_make(&dmar, regions, 1, &reserved), STATUS_OK);
    guest_reserved_describe(&reserved, map, &count);
    assert_int_equal(count, 3);
    assert_int_equal(map[1].start, 0x70000000);
    assert_int_equal(map[1].size, 0x2000);
    assert_false(map[1].ram);
    assert_int_equal(map[2].start, GUEST_ECAM_START);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_are_sorted_and_joined),
        cmocka_unit_test(bad_regions_are_refused),
        cmocka_unit_test(the_guest_s_devices_reach_them_and_nobody_else),
        cmocka_unit_test(the_map_calls_them_reserved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
