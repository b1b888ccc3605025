/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_devices.c: devices of several guests reset and attached at the same time, on the pretended clock. */
#include "guest/vm_devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guest/assign.h"
#include "guest/pf_lease.h"
#include "kernel/core/time.h"
#include "tests/fake/log.h"
#include "tests/fake/made_guests.h"
#include "tests/fake/time.h"

#define MS UINT64_C(1000000)

static struct made_guests made;
static struct vm_owned *web, *store;
static struct fake_pci_function *web_device, *store_device;

static void withdraw(struct vm_owned *owned)
{
    const struct vm_request *r = &owned->request;
    assign_withdraw(&owned->vm.platform.pci, r->devices, r->device_count, owned->detached);
    assert_int_equal(owned->detached[0], STATUS_OK);
}

static int setup(void **state)
{
    (void)state;
    static const struct made_guests_kind kind = {"plain", vtd_model_qemu, &radix_npt, 2, false};
    made_guests_make(&made, &kind);
    web = &made.guests[MADE_OWNER_WEB];
    store = &made.guests[MADE_OWNER_STORE];
    web_device = fake_pci_find(sbdf_make(0, 1, 0, 0));
    store_device = fake_pci_find(sbdf_make(0, 2, 0, 0));
    withdraw(web);
    withdraw(store);
    fake_time_step_ns(1000);
    fake_log_reset();
    return 0;
}

static bool has_device(struct vm_owned *owned)
{
    return guest_pci_find(&owned->vm.platform.pci, owned->request.devices[0].function->at) != NULL;
}

static void guests_take_one_wait(void **state)
{
    (void)state;
    struct vm_attaching both[] = {{.guest = web}, {.guest = store}};
    uint64_t from = time_now_ns();
    vm_devices_attach_all(both, 2);
    assert_in_range(time_now_ns() - from, 100 * MS, 150 * MS);
    assert_int_equal(both[0].status, STATUS_OK);
    assert_int_equal(both[1].status, STATUS_OK);
    assert_true(has_device(web) && has_device(store));
    assert_null(vtd_model_violation(&made.vtd.mc.units[0].model));
}

static void the_failure_of_one_is_its_own(void **state)
{
    (void)state;
    struct vm_attaching both[] = {{.guest = web}, {.guest = store}};
    web_device->busy_us = 60000000;
    vm_devices_attach_all(both, 2);
    assert_int_equal(both[0].status, STATUS_TIMEOUT);
    assert_non_null(strstr(both[0].why, "device 0000:01:00.0 cannot be attached: timeout"));
    assert_int_equal(both[1].status, STATUS_OK);
    assert_true(!has_device(web) && has_device(store));
    assert_int_equal(fake_log_count("0000:01:00.0: does not come back"), 1);
}

/* As at the end of all: one is driven while the other's is under way. */
static void ends_take_one_wait(void **state)
{
    (void)state;
    uint64_t from = time_now_ns();
    unsigned rounds = 0;
    bool over[2] = {false, false};
    while (!over[0] || !over[1]) {
        assert_true(rounds++ < 1000);
        over[0] = over[0] || vm_devices_reset(web);
        over[1] = over[1] || vm_devices_reset(store);
        time_wait_until(over[0] ? 0 : web->devices_ns);
        time_wait_until(over[1] ? 0 : store->devices_ns);
    }
    assert_in_range(time_now_ns() - from, 100 * MS, 150 * MS);
    assert_int_equal(web->detached[0], STATUS_OK);
    assert_int_equal(store->detached[0], STATUS_OK);
    assert_int_equal(web_device->flrs, 2); /* it was made with one */
    assert_int_equal(store_device->flrs, 2);
}

/* --- who has a PF, and who its VF: as far as leases are concerned */

static struct sriov sriov;
static struct pf_lease lease;

static void share(void)
{
    sriov = (struct sriov){.pf = made.plans[MADE_OWNER_WEB].function, .at = web_device->at};
    lease = (struct pf_lease){.sriov = &sriov};
    made.machine.pci.functions[made.plans[MADE_OWNER_STORE].function].is_vf = true;
    made.devices[MADE_OWNER_WEB].lease = &lease;
    made.devices[MADE_OWNER_STORE].lease = &lease;
    made.plans[MADE_OWNER_WEB].reset = PCI_RESET_NONE; /* its VFs stay on */
}

static void the_pf_s_guest_begins_first(void **state)
{
    (void)state;
    share();
    struct vm_attaching both[] = {{.guest = web}, {.guest = store}};
    vm_devices_attach_all(both, 2);
    assert_int_equal(both[0].status, STATUS_OK);
    assert_int_equal(both[1].status, STATUS_OK);
    assert_int_equal(lease.users, 1);
}

/* Nobody would ever give back what it waits for. */
static void the_wrong_order_is_no_endless_wait(void **state)
{
    (void)state;
    share();
    struct vm_attaching both[] = {{.guest = store}, {.guest = web}};
    vm_devices_attach_all(both, 2);
    assert_int_equal(both[0].status, STATUS_OK);
    assert_int_equal(both[1].status, STATUS_CONFLICT);
    assert_non_null(strstr(both[1].why, "other guests use VFs of its PF"));
    assert_true(has_device(store) && !has_device(web));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(guests_take_one_wait, setup),
        cmocka_unit_test_setup(the_failure_of_one_is_its_own, setup),
        cmocka_unit_test_setup(ends_take_one_wait, setup),
        cmocka_unit_test_setup(the_pf_s_guest_begins_first, setup),
        cmocka_unit_test_setup(the_wrong_order_is_no_endless_wait, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
