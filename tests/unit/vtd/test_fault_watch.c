/* SPDX-License-Identifier: GPL-2.0-only
 * vtd/fault_watch.c on the strict model: everything is heard, floods within the limit, and the alarm goes on with them.
 */
#include "vtd/fault_watch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "kernel/core/time.h"
#include "tests/fake/time.h"
#include "tests/fake/timer.h"
#include "tests/fake/vtd_rig.h"

static struct vtd_rig rig;
static struct vtd vtd;
static struct vtd_fault_watch watch;
static struct {
    unsigned faults, lost, storms, looks;
    bool endless;    /* every record read makes another */
    uint64_t wanted; /* time of the next look that the listener asks for */
} seen;

static void fault_by(uint16_t sid)
{
    uint64_t host = 0;
    assert_true(vtd_model_translate(&rig.mc.units[0].model, sid, 0x1000, true, &host) == VTD_MODEL_BLOCKED);
}

static void on_fault(void *context, const struct vtd_fault *fault)
{
    (void)context;
    seen.faults++;
    if (seen.endless) {
        fault_by(sbdf_rid(fault->source) ^ 1);
    }
}

static void on_lost(void *context, unsigned unit)
{
    (void)context;
    assert_int_equal(unit, 0);
    seen.lost++;
}

static void on_storm(void *context, unsigned unit)
{
    (void)context;
    assert_int_equal(unit, 0);
    seen.storms++;
}

static uint64_t on_looked(void *context, uint64_t now_ns)
{
    (void)context;
    assert_true(now_ns <= time_now_ns());
    seen.looks++;
    return seen.wanted;
}

static int setup(void **state)
{
    (void)state;
    const struct vtd_fault_listener listener = {on_fault, on_lost, on_storm, on_looked, NULL};
    struct vtd_model_config c = vtd_model_server();
    c.cap = (c.cap & ~(UINT64_C(0xff) << 40)) | UINT64_C(7) << 40; /* 8 records */
    vtd_rig_start(&rig, &c);
    assert_int_equal(vtd_make(rig.units, 1, &vtd), STATUS_OK);
    memset(&seen, 0, sizeof(seen));
    seen.wanted = TIMER_NEVER;
    vtd_fault_watch_init(&watch, &vtd, &listener);
    return 0;
}

static void each_fault_is_heard(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        unsigned interrupts = rig.mc.interrupts;
        fault_by(0x200);
        assert_int_equal(rig.mc.interrupts, interrupts + 1);
        vtd_fault_watch_interrupt(&watch);
        assert_int_equal(seen.faults, i + 1);
    }
    assert_int_equal(watch.count, 5);
    assert_int_equal(seen.lost + seen.storms, 0);
    assert_int_equal(fake_timer_alarm(), TIMER_NEVER);
}

static void lost_ones_are_told(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < 12; i++) {
        fault_by((uint16_t)(0x200 + i));
    }
    vtd_fault_watch_interrupt(&watch);
    assert_int_equal(seen.faults, 8);
    assert_int_equal(seen.lost, 1);
}

/* A device that faults whenever a record becomes free. */
static void a_flood_is_read_within_the_limit(void **state)
{
    (void)state;
    seen.endless = true;
    fault_by(0x200);
    vtd_fault_watch_interrupt(&watch);
    unsigned first = seen.faults;
    assert_true(first >= VTD_FAULT_WATCH_COUNT / 2 && first <= VTD_FAULT_WATCH_COUNT + 4 * 8);
    assert_int_equal(seen.storms, 1);
    unsigned interrupts = rig.mc.interrupts;
    fault_by(0x300);
    assert_int_equal(rig.mc.interrupts, interrupts); /* held back */
    vtd_fault_watch_interrupt(&watch);               /* of another unit */
    assert_int_equal(seen.faults, first);
    uint64_t at = fake_timer_alarm();
    assert_true(at > time_now_ns() && at <= time_now_ns() + VTD_FAULT_WATCH_NS);
    for (unsigned i = 2; i < 5; i++) {
        fake_time_advance_ns(VTD_FAULT_WATCH_NS);
        fake_timer_ring();
        assert_true(seen.faults > first * (i - 1) && seen.faults <= i * (VTD_FAULT_WATCH_COUNT + 4 * 8));
        assert_int_equal(seen.storms, 1); /* one storm, told once */
        assert_int_not_equal(fake_timer_alarm(), TIMER_NEVER);
    }
    seen.endless = false;
    fake_time_advance_ns(VTD_FAULT_WATCH_NS);
    fake_timer_ring();
    assert_int_equal(fake_timer_alarm(), TIMER_NEVER);
    interrupts = rig.mc.interrupts;
    fault_by(0x400);
    assert_int_equal(rig.mc.interrupts, interrupts + 1); /* heard again */
    assert_null(vtd_model_violation(&rig.mc.units[0].model));
}

/* Each alone is read at once, and yet together they are too many. */
static void interrupt_after_interrupt_is_a_flood_too(void **state)
{
    (void)state;
    unsigned heard = 0;
    for (unsigned i = 0; i < 2 * VTD_FAULT_WATCH_COUNT; i++) {
        unsigned interrupts = rig.mc.interrupts;
        fault_by(0x200);
        if (rig.mc.interrupts != interrupts) {
            heard++;
            vtd_fault_watch_interrupt(&watch);
        }
    }
    assert_true(heard <= VTD_FAULT_WATCH_COUNT);
    assert_int_equal(seen.storms, 1);
}

static void the_listener_has_its_looks(void **state)
{
    (void)state;
    seen.wanted = time_now_ns() + 1000000;
    fault_by(0x200);
    vtd_fault_watch_interrupt(&watch);
    assert_int_equal(fake_timer_alarm(), seen.wanted);
    unsigned looks = seen.looks;
    fake_timer_ring();
    assert_int_equal(seen.looks, looks + 1);
    assert_int_equal(fake_timer_alarm(), seen.wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_fault_is_heard, setup),
        cmocka_unit_test_setup(lost_ones_are_told, setup),
        cmocka_unit_test_setup(a_flood_is_read_within_the_limit, setup),
        cmocka_unit_test_setup(interrupt_after_interrupt_is_a_flood_too, setup),
        cmocka_unit_test_setup(the_listener_has_its_looks, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
