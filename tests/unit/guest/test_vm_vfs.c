/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_vfs.c with vm_keep.c, vm_order.c and device_reset.c: one guest has a PF, another its VF, on the pretended
 * machine; what each may do while the PF is reset, and what the device's registers hold then. */
#include "guest/vm_vfs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "guest/device_stop.h"
#include "guest/pf_lease.h"
#include "guest/vm_devices.h"
#include "guest/vm_life.h"
#include "guest/vm_order.h"
#include "kernel/core/time.h"
#include "tests/fake/idle_cpu.h"
#include "tests/fake/log.h"
#include "tests/fake/made_guests.h"
#include "tests/fake/time.h"

#define VF_DEVICE 0x0200u
#define STEPS_MOST 100

/* web has the PF, 01:00.0; store the VF, which answers at 02:00.0. */
static struct made_guests made;
static struct vm_owned *web, *store;
static struct vm_owned *all[MADE_OWNERS];
static struct vm_roster roster;
static struct fake_pci_function *pf, *vf;
static struct sriov sriov;
static struct pf_lease lease;

/* Until there is nothing to do, or only time brings it; resets are waited for. */
static void live(struct vm_owned *owned)
{
    uint64_t wake_ns = UINT64_MAX;
    for (unsigned steps = 0; vm_life_pending(&owned->vm.cpus[0], &wake_ns); steps++) {
        assert_true(steps < STEPS_MOST);
        vm_life_step(&owned->vm.cpus[0]);
        if (owned->resetting) {
            time_wait_until(owned->devices_ns);
        }
    }
}

/* The same when its time to ask again has come. */
static void live_later(struct vm_owned *owned)
{
    fake_time_advance_ns(VM_VFS_POLL_NS);
    live(owned);
}

/* --- the device */

static uint32_t get(unsigned offset)
{
    return fake_pci_get(pf, (uint16_t)(sriov.cap + offset), 2);
}

/* The VF answers while VF Enable is set; a function level reset clears that with all else. */
static void after_write(struct fake_pci_function *f, uint16_t offset, unsigned width)
{
    (void)f, (void)offset, (void)width;
    vf->gone = (get(PCI_SRIOV_CONTROL) & PCI_SRIOV_VFE) == 0;
}

static void add_sriov(void)
{
    const unsigned on = PCI_SRIOV_VFE | PCI_SRIOV_MSE;
    uint16_t cap = fake_pci_add_ext_cap(pf, PCI_EXT_SRIOV, 0x40);
    fake_pci_make_writable(pf, cap + PCI_SRIOV_CONTROL, 2, on);
    fake_pci_make_writable(pf, cap + PCI_SRIOV_NUM, 2, 0xffff);
    fake_pci_make_writable(pf, cap + PCI_SRIOV_PAGE, 4, UINT32_MAX);
    fake_pci_make_writable(pf, cap + PCI_SRIOV_BAR0, 4, 0xffff0000);
    fake_pci_set(pf, cap + PCI_SRIOV_OFFSET, 2, VF_DEVICE - 0x100);
    fake_pci_set(pf, cap + PCI_SRIOV_STRIDE, 2, 1);
    fake_pci_set(pf, cap + PCI_SRIOV_CONTROL, 2, on);
    fake_pci_set(pf, cap + PCI_SRIOV_NUM, 2, 1);
    sriov = (struct sriov){.pf = made.plans[MADE_OWNER_WEB].function,
                           .at = pf->at,
                           .cap = cap,
                           .num = 1,
                           .offset = VF_DEVICE - 0x100,
                           .stride = 1,
                           .page = 1,
                           .bars = {{.kind = PCI_BAR_MEM32, .address = MADE_BAR_STORE, .size = MADE_BAR_STORE_BYTES}}};
    pf->hook = after_write;
}

static void share_device(void)
{
    struct pci_function *f = &made.machine.pci.functions[made.plans[MADE_OWNER_STORE].function];
    f->is_vf = true;
    f->pf = sriov.pf;
    lease = (struct pf_lease){.sriov = &sriov};
    made.devices[MADE_OWNER_WEB].lease = &lease;
    made.devices[MADE_OWNER_STORE].lease = &lease;
    store->uses_vfs = false; /* it was made without */
}

static enum status order(struct vm_owned *owned, enum vm_order what)
{
    return vm_order_guest(owned, what, "test");
}

static int setup(void **state)
{
    (void)state;
    static const struct made_guests_kind kind = {"plain", vtd_model_qemu, &radix_npt, 2, false};
    made_guests_make(&made, &kind);
    web = all[MADE_OWNER_WEB] = &made.guests[MADE_OWNER_WEB];
    store = all[MADE_OWNER_STORE] = &made.guests[MADE_OWNER_STORE];
    struct cpu_backend *backend = idle_cpu(web->vm.backend);
    roster = (struct vm_roster){.guests = all, .count = MADE_OWNERS, .awake = MADE_OWNERS + 1};
    pf = fake_pci_find(sbdf_make(0, 1, 0, 0));
    vf = fake_pci_find(sbdf_make(0, 2, 0, 0));
    add_sriov();
    share_device();
    for (unsigned i = 0; i < MADE_OWNERS; i++) {
        all[i]->request.roster = &roster;
        all[i]->vm.backend = backend;
        live(all[i]);
    }
    assert_int_equal(order(store, VM_ORDER_RESTART), STATUS_OK); /* now as a VF's guest */
    live(store);
    assert_int_equal(lease.users, 1);
    assert_int_equal(vm_order_state(store), VM_ORDER_RUNNING);
    made_guests_use_devices(&made);
    fake_log_reset();
    return 0;
}

static bool reaches(uint16_t source)
{
    uint64_t host = 0;
    return vtd_model_may_now(&made.vtd.mc.units[0].model, source, 0x1000, true, &host);
}

static bool vfs_are_on(void)
{
    return get(PCI_SRIOV_CONTROL) == (PCI_SRIOV_VFE | PCI_SRIOV_MSE) && get(PCI_SRIOV_NUM) == 1;
}

static void store_rests(void)
{
    assert_int_equal(vm_order_state(store), VM_ORDER_STOPPED);
    assert_false(reaches(VF_DEVICE));
    assert_int_equal(lease.users, 0);
}

static void both_run(void)
{
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING);
    assert_int_equal(vm_order_state(store), VM_ORDER_RUNNING);
    assert_true(reaches(VF_DEVICE) && vfs_are_on());
    assert_int_equal(lease.users, 1);
    assert_null(vtd_model_violation(&made.vtd.mc.units[0].model));
}

/* --- */

static void a_vf_s_guest_starts_anew_by_itself(void **state)
{
    (void)state;
    unsigned flrs = pf->flrs, own = vf->flrs;
    vm_stop(&store->vm, VM_RESET, "reset");
    live(store);
    both_run();
    assert_int_equal(pf->flrs, flrs);
    assert_int_equal(vf->flrs, own + 1);
}

/* The other one is told at once, and the PF is not touched before it is off. */
static void a_restart_waits_for_those_with_vfs(void **state)
{
    (void)state;
    unsigned flrs = pf->flrs;
    vm_stop(&web->vm, VM_RESET, "reset");
    live(web);
    assert_int_equal(vm_order_state(store), VM_ORDER_STOPPING);
    assert_int_equal(vm_order_state(web), VM_ORDER_STARTING);
    live_later(web);
    assert_int_equal(pf->flrs, flrs);
    assert_true(reaches(VF_DEVICE) && !reaches(0x100));
    live(store);
    store_rests();
    live_later(web);
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING);
    assert_int_equal(pf->flrs, flrs + 1);
    assert_true(vfs_are_on());
    store_rests();
    assert_int_equal(fake_log_count("guest: name=store stops: reason=pf-reset pf=0000:01:00.0 owner=web"), 1);
    assert_int_equal(order(store, VM_ORDER_START), STATUS_OK);
    live(store);
    both_run();
}

/* The VF's own reset takes 100 ms, and the PF's owner asks every 2 ms meanwhile. */
static void a_vf_s_last_reset_is_over_before_the_pf_s_begins(void **state)
{
    (void)state;
    unsigned flrs = pf->flrs, own = vf->flrs;
    uint64_t wake_ns = UINT64_MAX;
    vm_stop(&web->vm, VM_RESET, "reset");
    live(web);
    while (vm_life_pending(&store->vm.cpus[0], &wake_ns) || store->resetting) {
        vm_life_step(&store->vm.cpus[0]);
        fake_time_advance_ns(VM_VFS_POLL_NS);
        if (vm_life_pending(&web->vm.cpus[0], &wake_ns)) {
            vm_life_step(&web->vm.cpus[0]);
        }
        assert_true(!store->resetting || (pf->flrs == flrs && !web->resetting && !vf->gone));
    }
    assert_int_equal(vf->flrs, own + 1);
    time_wait_until(web->devices_ns);
    live_later(web);
    store_rests();
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING);
    assert_int_equal(pf->flrs, flrs + 1);
    assert_true(vfs_are_on());
}

static void a_stop_resets_too(void **state)
{
    (void)state;
    unsigned flrs = pf->flrs;
    assert_int_equal(order(web, VM_ORDER_STOP), STATUS_OK);
    live(web);
    assert_int_equal(pf->flrs, flrs);
    assert_int_equal(vm_order_state(web), VM_ORDER_STOPPING);
    live(store);
    live_later(web);
    store_rests();
    assert_int_equal(vm_order_state(web), VM_ORDER_STOPPED);
    assert_int_equal(pf->flrs, flrs + 1);
    assert_true(vfs_are_on());
    assert_int_equal(order(store, VM_ORDER_START), STATUS_OK); /* nobody serves it, but that is no danger */
    live(store);
    assert_int_equal(vm_order_state(store), VM_ORDER_RUNNING);
    assert_int_equal(order(web, VM_ORDER_START), STATUS_OK); /* which stops it again */
    live(web);
    live(store);
    live_later(web);
    store_rests();
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING);
}

static void one_that_waits_to_start_again_stays_off(void **state)
{
    (void)state;
    store->request.rules.when = RESTART_ON_FAILURE;
    vm_stop(&store->vm, VM_CRASHED, "test");
    live(store);
    assert_int_equal(vm_order_state(store), VM_ORDER_WAITING);
    vm_stop(&web->vm, VM_RESET, "reset");
    live(web);
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING); /* nobody had the VF */
    fake_time_advance_ns(UINT64_C(10000000000));
    live(store);
    store_rests();
}

static void paused_ones_are_stopped(void **state)
{
    (void)state;
    assert_int_equal(order(store, VM_ORDER_PAUSE), STATUS_OK);
    vm_stop(&web->vm, VM_RESET, "reset");
    live(web);
    live(store);
    store_rests();
    live_later(web);
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING);
}

/* Its start was ordered while the PF was being reset. */
static void a_start_waits_for_the_reset(void **state)
{
    (void)state;
    assert_int_equal(order(store, VM_ORDER_STOP), STATUS_OK);
    live(store);
    assert_true(vm_vfs_reserve(web));
    assert_int_equal(order(store, VM_ORDER_START), STATUS_OK);
    live(store);
    live_later(store);
    assert_int_equal(vm_order_state(store), VM_ORDER_STARTING);
    assert_false(reaches(VF_DEVICE));
    vm_vfs_release(web);
    live_later(store);
    both_run();
}

static void vfs_that_do_not_come_back(void **state)
{
    (void)state;
    fake_pci_make_writable(pf, sriov.cap + PCI_SRIOV_NUM, 2, 0);
    fake_pci_set(pf, sriov.cap + PCI_SRIOV_NUM, 2, 0);
    vm_stop(&web->vm, VM_RESET, "reset");
    live(web);
    live(store);
    live_later(web);
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING); /* with its PF */
    assert_int_equal(get(PCI_SRIOV_CONTROL), 0);
    assert_int_equal(order(store, VM_ORDER_START), STATUS_OK);
    live(store);
    assert_int_equal(vm_order_state(store), VM_ORDER_CRASHED);
    assert_non_null(strstr(store->vm.why, "the VFs of 0000:01:00.0 are off"));
    assert_int_equal(lease.users, 0);
    fake_pci_make_writable(pf, sriov.cap + PCI_SRIOV_NUM, 2, 0xffff);
    vm_stop(&web->vm, VM_RESET, "reset");
    live(web);
    assert_int_equal(order(store, VM_ORDER_START), STATUS_OK);
    live(store);
    both_run();
}

/* A PF that was stopped is reset before it is returned: not under its VFs. */
static void a_return_waits_for_those_with_vfs(void **state)
{
    (void)state;
    unsigned flrs = pf->flrs;
    assert_int_equal(vm_order_device(web, pf->at, true), STATUS_OK);
    live(web);
    assert_int_equal(vm_order_state(store), VM_ORDER_STOPPING);
    assert_int_equal(vm_order_device(web, pf->at, false), STATUS_OK);
    vm_life_step(&web->vm.cpus[0]);
    vm_life_step(&web->vm.cpus[0]);
    assert_int_equal(pf->flrs, flrs);
    assert_true(reaches(VF_DEVICE) && !reaches(0x100));
    live(store);
    live(web);
    store_rests();
    assert_int_equal(pf->flrs, flrs + 1);
    assert_true(reaches(0x100) && vfs_are_on());
    assert_int_equal(fake_log_count("name=store stops: reason=pf-reset"), 1);
    assert_int_equal(order(store, VM_ORDER_START), STATUS_OK);
    live(store);
    both_run();
    assert_int_equal(vm_order_device(web, pf->at, false), STATUS_OK); /* it is not stopped: nothing happens */
    live(web);
    both_run();
}

/* What cannot be proven to be withdrawn keeps its guest's memory, but not the PF from its reset. */
static void a_vf_that_is_stuck_does_not_hold_the_pf(void **state)
{
    (void)state;
    fake_pci_set(vf, made.devices[MADE_OWNER_STORE].function->cap.express + PCI_EXP_DEVSTA, 2, PCI_DEVSTA_PENDING);
    vm_stop(&web->vm, VM_RESET, "reset");
    live(web);
    live(store);
    assert_true(store->lost);
    live_later(web);
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING);
    assert_false(reaches(VF_DEVICE));
    assert_int_equal(order(store, VM_ORDER_START), STATUS_CONFLICT);
}

/* --- two PFs: web's 01:00.0 has no VFs, but tells ARI; store's VF is of 01:00.1, which web has too */

static struct fake_pci_function *second;
static struct pci_function second_facts;
static struct vm_device two[2];
static bool changed; /* the bit was off while somebody used a VF */

static void watch_ari(struct fake_pci_function *f, uint16_t offset, unsigned width)
{
    (void)f, (void)offset, (void)width;
    changed = changed || ((get(PCI_SRIOV_CONTROL) & PCI_SRIOV_ARI) == 0 && lease.users > 0);
}

static void set_second(unsigned offset, uint32_t value)
{
    fake_pci_set(second, (uint16_t)(sriov.cap + offset), 2, value);
}

static void split(void)
{
    second = fake_pci_add(sbdf_make(0, 1, 0, 1), 0x1b36, 0x0010, 0x010802);
    sriov.cap = fake_pci_add_ext_cap(second, PCI_EXT_SRIOV, 0x40);
    sriov.ari_cap = sriov.cap;
    made.machine.pci.functions[made.plans[MADE_OWNER_WEB].function].cap.sriov = sriov.cap;
    set_second(PCI_SRIOV_OFFSET, sriov.offset);
    set_second(PCI_SRIOV_STRIDE, sriov.stride);
    sriov.at = second->at;
    sriov.ari = true;
    sriov.ari_at = pf->at;
    second_facts = (struct pci_function){.at = second->at};
    made.devices[MADE_OWNER_WEB].lease = NULL;
    two[0] = made.devices[MADE_OWNER_WEB];
    two[1] = (struct vm_device){.function = &second_facts, .plan = two[0].plan, .unit = two[0].unit, .lease = &lease};
    web->request.devices = two;
    web->request.device_count = 2;
    fake_pci_make_writable(pf, sriov.cap + PCI_SRIOV_CONTROL, 2, PCI_SRIOV_ARI);
    fake_pci_set(pf, sriov.cap + PCI_SRIOV_CONTROL, 2, PCI_SRIOV_ARI);
    pf->hook = watch_ari;
    changed = false;
}

static void stop_first(void)
{
    assert_int_equal(vm_order_device(web, pf->at, true), STATUS_OK);
    live(web);
    assert_int_equal(vm_order_state(store), VM_ORDER_RUNNING); /* that was no reset */
}

static void return_first(void)
{
    assert_int_equal(vm_order_device(web, pf->at, false), STATUS_OK);
    vm_life_step(&web->vm.cpus[0]);
    vm_life_step(&web->vm.cpus[0]);
    live(store);
    live(web);
    assert_false(device_is_stopped(web, pf->at));
    assert_false(changed);
    store_rests();
}

static void vfs_whose_ids_follow_another_pf(void **state)
{
    (void)state;
    split();
    unsigned flrs = pf->flrs;
    stop_first();
    return_first();
    assert_int_equal(pf->flrs, flrs + 1);
    assert_int_equal(get(PCI_SRIOV_CONTROL), PCI_SRIOV_ARI);
    assert_int_equal(fake_log_count("name=store stops: reason=pf-reset pf=0000:01:00.1 owner=web"), 1);
    assert_int_equal(order(store, VM_ORDER_START), STATUS_OK);
    live(store);
    assert_int_equal(vm_order_state(store), VM_ORDER_RUNNING);
    assert_true(reaches(VF_DEVICE) && lease.users == 1);
}

static void ids_that_do_not_come_back(void **state)
{
    (void)state;
    split();
    stop_first();
    set_second(PCI_SRIOV_STRIDE, 2);
    return_first();
    assert_int_equal(fake_log_count("sriov: 0000:01:00.1: its 1 VFs stay off"), 1);
    assert_int_equal(order(store, VM_ORDER_START), STATUS_OK);
    live(store);
    assert_int_equal(vm_order_state(store), VM_ORDER_CRASHED);
    assert_non_null(strstr(store->vm.why, "the VFs of 0000:01:00.1 are off"));
    assert_false(reaches(VF_DEVICE));
}

/* --- */

static void attach(struct vm_owned *owned)
{
    struct vm_attaching attaching = {.guest = owned};
    vm_devices_attach_all(&attaching, 1);
    assert_int_equal(attaching.status, STATUS_OK);
}

/* VFs that it has itself come and go with its PF. */
static void its_own_vfs_hold_nothing(void **state)
{
    (void)state;
    struct vm_device both[] = {made.devices[MADE_OWNER_STORE], made.devices[MADE_OWNER_WEB]};
    assert_int_equal(order(store, VM_ORDER_STOP), STATUS_OK);
    live(store);
    store->request.devices = both;
    store->request.device_count = 2;
    assert_int_equal(order(web, VM_ORDER_STOP), STATUS_OK);
    live(web);
    unsigned flrs = pf->flrs;
    attach(store);
    assert_true(vfs_are_on() && !vf->gone);
    assert_int_equal(pf->flrs, flrs + 1);
    assert_int_equal(lease.users, 0);
    assert_true(reaches(VF_DEVICE) && reaches(0x100));
    vm_vfs_leave(store);
    assert_int_equal(lease.users, 0);
}

/* ... also when they were off, and are named before it. */
static void its_own_vfs_come_back_first(void **state)
{
    (void)state;
    struct vm_device both[] = {made.devices[MADE_OWNER_STORE], made.devices[MADE_OWNER_WEB]};
    assert_int_equal(order(store, VM_ORDER_STOP), STATUS_OK);
    live(store);
    assert_int_equal(order(web, VM_ORDER_STOP), STATUS_OK);
    live(web);
    store->request.devices = both;
    store->request.device_count = 2;
    fake_pci_set(pf, sriov.cap + PCI_SRIOV_CONTROL, 2, 0);
    vf->gone = true;
    lease.off = true;
    attach(store);
    assert_true(vfs_are_on() && !lease.off);
    assert_true(reaches(VF_DEVICE) && reaches(0x100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_vf_s_guest_starts_anew_by_itself, setup),
        cmocka_unit_test_setup(a_restart_waits_for_those_with_vfs, setup),
        cmocka_unit_test_setup(a_vf_s_last_reset_is_over_before_the_pf_s_begins, setup),
        cmocka_unit_test_setup(a_stop_resets_too, setup),
        cmocka_unit_test_setup(one_that_waits_to_start_again_stays_off, setup),
        cmocka_unit_test_setup(paused_ones_are_stopped, setup),
        cmocka_unit_test_setup(a_start_waits_for_the_reset, setup),
        cmocka_unit_test_setup(vfs_that_do_not_come_back, setup),
        cmocka_unit_test_setup(a_return_waits_for_those_with_vfs, setup),
        cmocka_unit_test_setup(a_vf_that_is_stuck_does_not_hold_the_pf, setup),
        cmocka_unit_test_setup(vfs_whose_ids_follow_another_pf, setup),
        cmocka_unit_test_setup(ids_that_do_not_come_back, setup),
        cmocka_unit_test_setup(its_own_vfs_hold_nothing, setup),
        cmocka_unit_test_setup(its_own_vfs_come_back_first, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
