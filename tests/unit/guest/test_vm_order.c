/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_order.c, vm_keep.c, vm_life.c: two guests with devices, stopped, started, restarted and paused on the
 * pretended machine, by orders and by themselves; what devices reach, what memory holds and how much is taken, then. */
#include "guest/vm_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "guest/device_stop.h"
#include "guest/vm_life.h"
#include "guest/vm_run.h"
#include "kernel/core/pages.h"
#include "kernel/core/time.h"
#include "tests/fake/idle_cpu.h"
#include "tests/fake/log.h"
#include "tests/fake/made_guests.h"
#include "tests/fake/memory.h"
#include "tests/fake/time.h"

#define TOP (MADE_WEB + 0x3f0000) /* of web's first block: nothing is loaded there */
#define SECOND UINT64_C(1000000000)
#define STEPS_MOST 10000 /* a reset that does not end is looked at every millisecond */

static struct made_guests made;
static struct vm_owned *web, *store;
static struct vm_owned *all[MADE_OWNERS];
static struct vm_roster roster;
static struct cpu_backend *backend;

/* --- the loop of a host CPU, as far as lives are concerned */

static bool pending(struct vm_owned *owned)
{
    uint64_t wake_ns = UINT64_MAX;
    return vm_life_pending(&owned->vm.cpus[0], &wake_ns);
}

/* Steps until there is none to do; how many. Resets are waited for. */
static unsigned live(struct vm_owned *owned)
{
    unsigned steps = 0;
    while (pending(owned)) {
        assert_true(steps++ < STEPS_MOST);
        vm_life_step(&owned->vm.cpus[0]);
        if (owned->resetting) {
            time_wait_until(owned->devices_ns);
        }
    }
    return steps;
}

static void use(struct vm_owned *owned)
{
    owned->request.roster = &roster;
    owned->vm.backend = backend;
}

static int setup(void **state)
{
    (void)state;
    static const struct made_guests_kind kind = {"plain", vtd_model_qemu, &radix_npt, 2, false};
    made_guests_make(&made, &kind);
    web = &made.guests[MADE_OWNER_WEB];
    store = &made.guests[MADE_OWNER_STORE];
    backend = idle_cpu(web->vm.backend);
    all[MADE_OWNER_WEB] = web;
    all[MADE_OWNER_STORE] = store;
    roster = (struct vm_roster){.guests = all, .count = MADE_OWNERS, .awake = MADE_OWNERS};
    for (unsigned i = 0; i < MADE_OWNERS; i++) {
        use(all[i]);
        live(all[i]);
    }
    assert_int_equal(idle_cpu_vcpus(), MADE_OWNERS);
    made_guests_use_devices(&made);
    return 0;
}

static bool reaches(uint16_t source, uint64_t at)
{
    uint64_t host = 0;
    return vtd_model_may_now(&made.vtd.mc.units[0].model, source, at, true, &host);
}

#define WEB_DEVICE 0x0100u
#define STORE_DEVICE 0x0200u

static unsigned master(struct sbdf at)
{
    return pci_config_read16(at, PCI_COMMAND) & PCI_COMMAND_BUS_MASTER;
}

static uint8_t *top_of_web(void)
{
    return fake_memory_at(TOP, PAGE_SIZE);
}

static void is_off(enum vm_order_state state)
{
    assert_int_equal(vm_order_state(web), state);
    assert_false(reaches(WEB_DEVICE, 0x1000));
    assert_int_equal(master(sbdf_make(0, 1, 0, 0)), 0);
    assert_int_equal(web->vm.platform.pci.sources.count, 0);
    assert_null(guest_pci_at(&web->vm.platform.pci, 1));
    assert_int_equal(top_of_web()[0], 0);
    assert_true(reaches(STORE_DEVICE, 0x1000)); /* the other one goes on */
    assert_int_equal(vm_order_state(store), VM_ORDER_RUNNING);
}

static void is_on(void)
{
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING);
    assert_int_equal(web->vm.cpus[0].life, VM_LIFE_RUNS);
    assert_true(reaches(WEB_DEVICE, 0x1000));
    assert_int_equal(master(sbdf_make(0, 1, 0, 0)), 0); /* until its driver says so */
    assert_int_equal(top_of_web()[0], 0);
    assert_null(vtd_model_violation(&made.vtd.mc.units[0].model));
}

static void dirty(void)
{
    made_guests_use_devices(&made);
    top_of_web()[0] = 0x5a;
}

static void order(enum vm_order what, enum status expected)
{
    assert_int_equal(vm_order_guest(web, what, "test"), expected);
}

/* --- orders */

static void stopped_and_started(void **state)
{
    (void)state;
    uint64_t on = pages_taken().now, off = 0;
    for (unsigned i = 0; i < 20; i++) {
        dirty();
        order(VM_ORDER_START, STATUS_CONFLICT);
        order(VM_ORDER_STOP, STATUS_OK);
        assert_int_equal(vm_order_state(web), VM_ORDER_STOPPING);
        live(web);
        is_off(VM_ORDER_STOPPED);
        assert_int_equal(web->vm.end, VM_STOPPED);
        off = i == 0 ? pages_taken().now : off;
        assert_int_equal(pages_taken().now, off);
        order(VM_ORDER_STOP, STATUS_CONFLICT);
        order(VM_ORDER_PAUSE, STATUS_CONFLICT);
        order(VM_ORDER_RESUME, STATUS_CONFLICT);
        order(VM_ORDER_START, STATUS_OK);
        live(web);
        is_on();
        assert_int_equal(pages_taken().now, on);
    }
    assert_true(off < on);
    assert_int_equal(web->starts, 20);
}

static void restarted(void **state)
{
    (void)state;
    uint64_t on = pages_taken().now;
    for (unsigned i = 0; i < 20; i++) {
        dirty();
        order(VM_ORDER_RESTART, STATUS_OK);
        live(web);
        is_on();
        assert_int_equal(pages_taken().now, on);
    }
    order(VM_ORDER_STOP, STATUS_OK);
    live(web);
    order(VM_ORDER_RESTART, STATUS_OK); /* from rest too */
    live(web);
    is_on();
}

static void paused_and_resumed(void **state)
{
    (void)state;
    const struct vm_cpu *cpu = &web->vm.cpus[0];
    order(VM_ORDER_RESUME, STATUS_CONFLICT);
    assert_true(vm_may_enter(cpu));
    order(VM_ORDER_PAUSE, STATUS_OK);
    order(VM_ORDER_PAUSE, STATUS_CONFLICT);
    assert_int_equal(vm_order_state(web), VM_ORDER_PAUSED);
    assert_false(vm_may_enter(cpu) || pending(web));
    order(VM_ORDER_RESUME, STATUS_OK);
    assert_true(vm_may_enter(cpu));
    assert_true(web->vm.resumed_ns != 0);
    order(VM_ORDER_PAUSE, STATUS_OK);
    order(VM_ORDER_RESTART, STATUS_OK);
    live(web);
    is_on();
    assert_true(vm_may_enter(cpu));
    order(VM_ORDER_PAUSE, STATUS_OK);
    order(VM_ORDER_STOP, STATUS_OK);
    live(web);
    is_off(VM_ORDER_STOPPED);
}

/* An order that comes while the last one is being carried out. */
static void stopped_while_it_starts(void **state)
{
    (void)state;
    order(VM_ORDER_RESTART, STATUS_OK);
    while (vm_order_state(web) != VM_ORDER_STARTING) {
        assert_true(pending(web));
        vm_life_step(&web->vm.cpus[0]);
    }
    order(VM_ORDER_RESTART, STATUS_OK); /* it does already */
    order(VM_ORDER_STOP, STATUS_OK);
    live(web);
    is_off(VM_ORDER_STOPPED);
    assert_int_equal(web->starts, 1);
}

static void started_while_it_stops(void **state)
{
    (void)state;
    order(VM_ORDER_STOP, STATUS_OK);
    vm_life_step(&web->vm.cpus[0]);
    vm_life_step(&web->vm.cpus[0]);
    order(VM_ORDER_RESTART, STATUS_OK);
    live(web);
    is_on();
}

/* Of another CPU, which found it stopping, and went on when it was about to run. */
static void an_order_to_start_does_not_outlive_the_start(void **state)
{
    (void)state;
    order(VM_ORDER_RESTART, STATUS_OK);
    while (vm_order_state(web) != VM_ORDER_STARTING) {
        vm_life_step(&web->vm.cpus[0]);
    }
    __atomic_store_n(&web->wanted, RESTART_WANTED_START, __ATOMIC_SEQ_CST);
    live(web);
    is_on();
    vm_stop(&web->vm, VM_POWERED_OFF, "powered off");
    live(web);
    is_off(VM_ORDER_POWERED_OFF);
}

static void the_policy_restarts_what_runs(void **state)
{
    (void)state;
    dirty();
    order(VM_ORDER_RECOVER, STATUS_OK);
    live(web);
    is_on();
    assert_int_equal(web->starts, 1);
    order(VM_ORDER_PAUSE, STATUS_OK);
    order(VM_ORDER_RECOVER, STATUS_OK);
    live(web);
    is_on();
}

/* Faults of a guest that was stopped are still read for a while. */
static void the_policy_undoes_no_stop(void **state)
{
    (void)state;
    dirty();
    order(VM_ORDER_STOP, STATUS_OK);
    order(VM_ORDER_RECOVER, STATUS_CONFLICT);
    vm_life_step(&web->vm.cpus[0]);
    order(VM_ORDER_RECOVER, STATUS_CONFLICT);
    live(web);
    is_off(VM_ORDER_STOPPED);
    order(VM_ORDER_RECOVER, STATUS_CONFLICT);
    live(web);
    is_off(VM_ORDER_STOPPED);
    order(VM_ORDER_START, STATUS_OK);
    live(web);
    web->wanted = RESTART_WANTED_STOP; /* by another CPU, which is about to stop it */
    order(VM_ORDER_RECOVER, STATUS_CONFLICT);
    assert_int_equal(web->wanted, RESTART_WANTED_STOP);
}

/* --- its own ends */

static void a_reset_starts_it_anew(void **state)
{
    (void)state;
    uint64_t on = pages_taken().now;
    dirty();
    vm_stop(&web->vm, VM_RESET, "reset");
    live(web);
    is_on();
    assert_int_equal(pages_taken().now, on);
    web->request.rules.reboot_stops = true;
    vm_stop(&web->vm, VM_RESET, "reset");
    live(web);
    is_off(VM_ORDER_STOPPED);
}

static void a_crash_waits_longer_each_time(void **state)
{
    (void)state;
    web->request.rules.when = RESTART_ON_FAILURE;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t wake_ns = UINT64_MAX;
        dirty();
        vm_stop(&web->vm, VM_CRASHED, "test");
        live(web);
        is_off(VM_ORDER_WAITING);
        assert_int_equal(web->waited_ns, SECOND << i);
        assert_false(vm_life_pending(&web->vm.cpus[0], &wake_ns));
        assert_int_equal(wake_ns, web->wake_ns);
        fake_time_advance_ns(SECOND << i);
        live(web);
        is_on();
    }
    fake_time_advance_ns(61 * SECOND);
    vm_stop(&web->vm, VM_CRASHED, "test");
    live(web);
    assert_int_equal(web->waited_ns, SECOND);
    order(VM_ORDER_START, STATUS_OK); /* without waiting */
    live(web);
    is_on();
    vm_stop(&web->vm, VM_CRASHED, "test");
    live(web);
    order(VM_ORDER_STOP, STATUS_OK);
    live(web);
    is_off(VM_ORDER_STOPPED);
}

static void power_off_and_crash_are_final_without_rules(void **state)
{
    (void)state;
    vm_stop(&web->vm, VM_POWERED_OFF, "powered off");
    live(web);
    is_off(VM_ORDER_POWERED_OFF);
    order(VM_ORDER_START, STATUS_OK);
    live(web);
    vm_stop(&web->vm, VM_CRASHED, "test");
    live(web);
    is_off(VM_ORDER_CRASHED);
}

/* As the guest's driver does it: 16 bits, under the lock of the guest. */
static void hear_power_button(uint16_t events)
{
    pm1_write(&web->vm.platform.pm1, PM1_ENABLE, 2, events);
}

static bool power_button_is_down(void)
{
    if (vm_platform_next_deadline(&web->vm) == 0) {
        vm_platform_advance(&web->vm, 0);
    }
    return pm1_sci(&web->vm.platform.pm1) && web->vm.platform.sci_line;
}

static void asked_to_switch_itself_off_it_stays_off(void **state)
{
    (void)state;
    web->request.rules.when = RESTART_ALWAYS;
    order(VM_ORDER_SHUTDOWN, STATUS_UNSUPPORTED); /* nobody there listens */
    hear_power_button(PM1_POWER_BUTTON);
    assert_false(power_button_is_down());
    order(VM_ORDER_PAUSE, STATUS_OK);
    order(VM_ORDER_SHUTDOWN, STATUS_CONFLICT);
    order(VM_ORDER_RESUME, STATUS_OK);
    assert_false(power_button_is_down());
    order(VM_ORDER_SHUTDOWN, STATUS_OK);
    assert_true(power_button_is_down());
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING);
    assert_true(vm_may_enter(&web->vm.cpus[0]));
    vm_stop(&web->vm, VM_POWERED_OFF, "powered off");
    order(VM_ORDER_SHUTDOWN, STATUS_CONFLICT);
    live(web);
    is_off(VM_ORDER_POWERED_OFF);
    order(VM_ORDER_SHUTDOWN, STATUS_CONFLICT);
    order(VM_ORDER_START, STATUS_OK);
    live(web);
    is_on();
    assert_false(power_button_is_down());
    vm_stop(&web->vm, VM_POWERED_OFF, "powered off"); /* by itself: its rules hold */
    live(web);
    is_off(VM_ORDER_WAITING);
}

/* Its system masks the button while it ends: what comes then takes nothing back. */
static void asked_twice_it_stays_off(void **state)
{
    (void)state;
    web->request.rules.when = RESTART_ALWAYS;
    hear_power_button(PM1_POWER_BUTTON);
    order(VM_ORDER_SHUTDOWN, STATUS_OK);
    hear_power_button(0);
    order(VM_ORDER_SHUTDOWN, STATUS_UNSUPPORTED);
    vm_stop(&web->vm, VM_POWERED_OFF, "powered off");
    live(web);
    is_off(VM_ORDER_POWERED_OFF);
}

/* The order counts for the run it was given in, even where it came as that ended; and less than others. */
static void to_be_asked_off_is_forgotten_with_the_run(void **state)
{
    (void)state;
    web->request.rules.when = RESTART_ALWAYS;
    hear_power_button(PM1_POWER_BUTTON);
    order(VM_ORDER_SHUTDOWN, STATUS_OK);
    vm_stop(&web->vm, VM_RESET, "reset");
    live(web);
    is_on();
    assert_false(power_button_is_down());
    order(VM_ORDER_RESTART, STATUS_OK);
    while (vm_order_state(web) != VM_ORDER_STARTING) {
        vm_life_step(&web->vm.cpus[0]);
    }
    web->asked_off = true; /* by another CPU, which had found it running */
    live(web);
    vm_stop(&web->vm, VM_POWERED_OFF, "powered off");
    live(web);
    is_off(VM_ORDER_WAITING);
    order(VM_ORDER_START, STATUS_OK);
    live(web);
    hear_power_button(PM1_POWER_BUTTON);
    order(VM_ORDER_SHUTDOWN, STATUS_OK);
    order(VM_ORDER_RESTART, STATUS_OK);
    live(web);
    is_on();
}

/* --- turns */

static unsigned entries;

static void enter(struct vcpu *vcpu, struct vcpu_exit *exit)
{
    (void)vcpu;
    *exit = (struct vcpu_exit){.kind = VCPU_EXIT_INTERRUPT};
    entries++;
}

static unsigned stop_by_time(struct vcpu *vcpu, enum vcpu_apic_mode mode)
{
    (void)vcpu, (void)mode;
    vm_stop(&web->vm, VM_WATCHDOG, "watchdog");
    return 0;
}

static void show_nothing(struct vcpu *vcpu, const struct vcpu_apic_status *status)
{
    (void)vcpu, (void)status;
}

/* Its CPU's own kick is no interrupt: a guest that spins would not leave any more. */
static void what_its_own_turn_stops_is_not_entered(void **state)
{
    (void)state;
    static const struct cpu_backend_apic apic = {.set_mode = stop_by_time, .set_status = show_nothing};
    struct vm_cpu *cpu = &web->vm.cpus[0];
    entries = 0;
    backend->run = enter;
    backend->apic = &apic;
    cpu->state = VM_CPU_RUNS;
    cpu->apic_mode = VCPU_APIC_SOFTWARE;
    vm_run_alone(cpu);
    assert_int_equal(web->vm.end, VM_WATCHDOG);
    assert_int_equal(entries, 0);
}

/* --- what goes wrong */

static void a_device_that_does_not_reset_keeps_it_off(void **state)
{
    (void)state;
    struct fake_pci_function *device = fake_pci_find(sbdf_make(0, 1, 0, 0));
    device->busy_us = 20000000;
    order(VM_ORDER_RESTART, STATUS_OK);
    live(web);
    assert_int_equal(fake_log_count("could not start anew: "), 1);
    fake_time_advance_ns(100 * SECOND); /* it answers again */
    assert_false(pending(web));
    is_off(VM_ORDER_CRASHED);
    device->busy_us = 0;
    order(VM_ORDER_START, STATUS_OK);
    live(web);
    is_on();
}

/* Nobody may have its memory, nor may it run again: the unit may still hold what led there. */
static void what_is_not_withdrawn_is_never_started(void **state)
{
    (void)state;
    dirty();
    made.vtd.mc.units[0].model.knobs.stuck_waits = true;
    order(VM_ORDER_RESTART, STATUS_OK);
    live(web);
    assert_true(web->lost);
    assert_int_equal(top_of_web()[0], 0x5a);
    order(VM_ORDER_START, STATUS_CONFLICT);
    order(VM_ORDER_RESTART, STATUS_CONFLICT);
    assert_int_equal(fake_log_count("stays off until the machine is reset"), 1);
    made.vtd.mc.units[0].model.knobs.stuck_waits = false;
}

/* Nor by an order that was accepted before anybody knew. */
static void what_is_not_withdrawn_is_not_started_by_an_earlier_order(void **state)
{
    (void)state;
    dirty();
    made.vtd.mc.units[0].model.knobs.stuck_waits = true;
    order(VM_ORDER_STOP, STATUS_OK);
    vm_life_step(&web->vm.cpus[0]);
    order(VM_ORDER_RESTART, STATUS_OK);
    live(web);
    made.vtd.mc.units[0].model.knobs.stuck_waits = false;
    assert_true(web->lost);
    assert_int_equal(top_of_web()[0], 0x5a);
    assert_int_equal(fake_log_count("starts anew"), 0);
    assert_int_equal(vm_order_state(web), VM_ORDER_STOPPED);
}

static bool refuse(const struct vm_owned *owned, char *why, size_t size)
{
    (void)owned;
    (void)strncpy(why, "not proven", size);
    return false;
}

static void what_is_not_proven_does_not_start(void **state)
{
    (void)state;
    web->request.may_start = refuse;
    vm_stop(&web->vm, VM_RESET, "reset");
    live(web);
    is_off(VM_ORDER_CRASHED);
}

/* --- devices */

static void devices_are_stopped_until_they_are_ordered_back(void **state)
{
    (void)state;
    const struct sbdf at = sbdf_make(0, 1, 0, 0);
    assert_int_equal(vm_order_device(web, sbdf_make(0, 2, 0, 0), true), STATUS_NOT_FOUND);
    assert_int_equal(vm_order_device(web, at, true), STATUS_OK);
    assert_false(vm_may_enter(&web->vm.cpus[0]));
    live(web);
    assert_false(reaches(WEB_DEVICE, 0x1000));
    assert_true(vm_may_enter(&web->vm.cpus[0]));
    vm_stop(&web->vm, VM_RESET, "reset"); /* no way back */
    live(web);
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING);
    assert_false(reaches(WEB_DEVICE, 0x1000));
    assert_int_equal(vm_order_device(web, at, false), STATUS_OK);
    live(web);
    assert_true(reaches(WEB_DEVICE, 0x1000));
    assert_int_equal(vm_order_device(web, at, true), STATUS_OK);
    live(web);
    order(VM_ORDER_RESTART, STATUS_OK); /* nor this */
    live(web);
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING);
    assert_false(reaches(WEB_DEVICE, 0x1000));
    order(VM_ORDER_STOP, STATUS_OK);
    live(web);
    assert_int_equal(vm_order_device(web, at, true), STATUS_CONFLICT);
}

/* Its guest cannot keep a device by a reset that comes before the order for it is carried out. */
static void a_reset_outruns_no_order_for_a_device(void **state)
{
    (void)state;
    const struct sbdf at = sbdf_make(0, 1, 0, 0);
    assert_int_equal(vm_order_device(web, at, true), STATUS_OK);
    vm_stop(&web->vm, VM_RESET, "reset");
    live(web);
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING);
    assert_false(reaches(WEB_DEVICE, 0x1000));
    assert_true(device_is_stopped(web, at));
    assert_int_equal(vm_order_device(web, at, false), STATUS_OK);
    live(web);
    is_on();
}

/* vm_order_device() on another CPU found it running, and goes on when it has stopped. */
static void an_order_for_a_device_waits_for_the_start(void **state)
{
    (void)state;
    vm_stop(&web->vm, VM_RESET, "reset");
    vm_life_step(&web->vm.cpus[0]);
    __atomic_fetch_or(&web->devices_stop, 1, __ATOMIC_SEQ_CST);
    vm_summon(&web->vm, 0);
    live(web);
    assert_int_equal(vm_order_state(web), VM_ORDER_RUNNING);
    assert_int_equal(web->devices_stop, 0);
    assert_false(reaches(WEB_DEVICE, 0x1000));
    assert_true(vm_may_enter(&web->vm.cpus[0]));
}

/* --- the machine */

static void it_is_over_when_all_rest(void **state)
{
    (void)state;
    vm_stop(&web->vm, VM_POWERED_OFF, "powered off");
    live(web);
    assert_false(vm_roster_is_over(&roster) || vm_life_has_ended(web));
    order(VM_ORDER_START, STATUS_OK);
    live(web);
    vm_stop(&store->vm, VM_CRASHED, "test");
    live(store);
    assert_false(vm_roster_is_over(&roster));
    order(VM_ORDER_STOP, STATUS_OK);
    live(web);
    live(store);
    assert_true(vm_roster_is_over(&roster) && vm_life_has_ended(web) && vm_life_has_ended(store));
    assert_int_equal(idle_cpu_vcpus(), 0);
    order(VM_ORDER_START, STATUS_OK); /* nobody is there to hear it */
    assert_false(pending(web));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(stopped_and_started, setup),
        cmocka_unit_test_setup(restarted, setup),
        cmocka_unit_test_setup(paused_and_resumed, setup),
        cmocka_unit_test_setup(asked_to_switch_itself_off_it_stays_off, setup),
        cmocka_unit_test_setup(asked_twice_it_stays_off, setup),
        cmocka_unit_test_setup(to_be_asked_off_is_forgotten_with_the_run, setup),
        cmocka_unit_test_setup(stopped_while_it_starts, setup),
        cmocka_unit_test_setup(started_while_it_stops, setup),
        cmocka_unit_test_setup(a_reset_starts_it_anew, setup),
        cmocka_unit_test_setup(a_crash_waits_longer_each_time, setup),
        cmocka_unit_test_setup(power_off_and_crash_are_final_without_rules, setup),
        cmocka_unit_test_setup(what_its_own_turn_stops_is_not_entered, setup),
        cmocka_unit_test_setup(a_device_that_does_not_reset_keeps_it_off, setup),
        cmocka_unit_test_setup(what_is_not_withdrawn_is_never_started, setup),
        cmocka_unit_test_setup(what_is_not_proven_does_not_start, setup),
        cmocka_unit_test_setup(devices_are_stopped_until_they_are_ordered_back, setup),
        cmocka_unit_test_setup(a_reset_outruns_no_order_for_a_device, setup),
        cmocka_unit_test_setup(an_order_for_a_device_waits_for_the_start, setup),
        cmocka_unit_test_setup(what_is_not_withdrawn_is_not_started_by_an_earlier_order, setup),
        cmocka_unit_test_setup(an_order_to_start_does_not_outlive_the_start, setup),
        cmocka_unit_test_setup(the_policy_restarts_what_runs, setup),
        cmocka_unit_test_setup(the_policy_undoes_no_stop, setup),
        cmocka_unit_test_setup(it_is_over_when_all_rest, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
