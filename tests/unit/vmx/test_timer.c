/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/timer.c: the preemption timer's value for the end of a slice. */
#include "vmx/timer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "kernel/hw/cpu.h"
#include "tests/fake/vmcs.h"
#include "vmx/state.h"

static void past_is_at_once(void **state)
{
    (void)state;
    assert_int_equal(vmx_timer_value(1000, 1000, 0), 0);
    assert_int_equal(vmx_timer_value(1000, 5000, 5), 0);
}

/* The timer falls whenever the TSC passes a multiple of 2^shift: it is 0 at the first of them that is not before the
 * end, and not more than one step after it. */
static void never_early_and_one_step_late_at_most(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 8; shift++) {
        uint64_t step = UINT64_C(1) << shift;
        for (uint64_t now = 1000; now < 1300; now++) {
            for (uint64_t end = now + 1; end < now + 600; end += 7) {
                uint64_t fires = ((now >> shift) + vmx_timer_value(end, now, shift)) << shift;
                assert_true(fires >= end && fires <= end + step);
            }
        }
    }
}

static void long_slices_are_cut(void **state)
{
    (void)state;
    assert_true(vmx_timer_value(UINT64_MAX, 0, 5) == UINT32_MAX);
    assert_true(vmx_timer_value((UINT64_C(1) << 37) - 96, 0, 5) == UINT32_MAX - 1);
}

#define PIN_BIT 0x40u

/* Off, a slice, off again; with the backup of a CPU that may not hear the host (vmx/quirks.h) it never is off. */
static void a_backup_between_slices(void **state)
{
    (void)state;
    for (uint32_t backup = 0; backup <= 777; backup += 777) {
        struct vmx_vcpu v = {0};
        struct vcpu vcpu = {.data = &v};
        fake_vmcs_reset();
        fake_vmcs_set(VMCS_PIN_CONTROLS, 0x1f);
        fake_vmcs_set(VMCS_EXIT_CONTROLS, 0x36dff);
        if (backup != 0) {
            vmx_timer_set_backup(&vcpu, PIN_BIT, backup);
        }
        for (unsigned i = 0; i < 2; i++) {
            vcpu.slice_end_tsc = 0;
            vmx_timer_prepare(&vcpu, PIN_BIT, 0);
            assert_int_equal(fake_vmcs_get(VMCS_PIN_CONTROLS), backup != 0 ? 0x5f : 0x1f);
            assert_int_equal(fake_vmcs_get(VMCS_EXIT_CONTROLS), backup != 0 ? 0x436dff : 0x36dff);
            fake_vmcs_set(VMCS_PREEMPTION_TIMER, 0); /* it fired */
            assert_int_equal(vmx_timer_took_backup(&vcpu), backup != 0);
            assert_int_equal(fake_vmcs_get(VMCS_PREEMPTION_TIMER), backup);
            vcpu.slice_end_tsc = UINT64_MAX;
            vmx_timer_prepare(&vcpu, PIN_BIT, 0);
            assert_int_equal(fake_vmcs_get(VMCS_PIN_CONTROLS), 0x5f);
            assert_true(fake_vmcs_get(VMCS_PREEMPTION_TIMER) == UINT32_MAX);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(past_is_at_once),
        cmocka_unit_test(never_early_and_one_step_late_at_most),
        cmocka_unit_test(long_slices_are_cut),
        cmocka_unit_test(a_backup_between_slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
