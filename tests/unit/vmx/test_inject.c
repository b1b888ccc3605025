/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/inject.c: events in and out, blocking, windows. */
#include "vmx/inject.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "tests/fake/vmcs.h"
#include "vmx/state.h"

static struct vcpu vcpu;
static struct vmx_vcpu data;

static void after_exit(uint32_t interruptibility, uint32_t vectoring)
{
    fake_vmcs_set(VMCS_GUEST_INTERRUPTIBILITY, interruptibility);
    fake_vmcs_set(VMCS_VECTORING_EVENT, vectoring);
    fake_vmcs_set(VMCS_VECTORING_ERROR, 0);
    fake_vmcs_set(VMCS_EXIT_EVENT, 0);
    fake_vmcs_set(VMCS_QUALIFICATION, 0);
}

static int setup(void **state)
{
    (void)state;
    fake_vmcs_reset();
    memset(&vcpu, 0, sizeof(vcpu));
    memset(&data, 0, sizeof(data));
    vcpu.data = &data;
    vcpu.rflags = 2;
    data.cache.primary = 0xb6a06df2 & ~((1u << 2) | (1u << 22));
    fake_vmcs_set(VMCS_GUEST_PENDING_DEBUG, 0);
    after_exit(0, 0);
    return 0;
}

static const struct {
    struct vcpu_event event;
    uint32_t encoded; /* SDM 3C table 25-17 */
} pairs[] = {
    {{.kind = VCPU_EVENT_INTERRUPT, .vector = 0x30}, 0x80000030},
    {{.kind = VCPU_EVENT_NMI, .vector = 2}, 0x80000202},
    {{.kind = VCPU_EVENT_EXCEPTION, .vector = 6}, 0x80000306},
    {{.kind = VCPU_EVENT_EXCEPTION, .vector = 14, .has_error = true, .error = 0x12}, 0x80000b0e},
    {{.kind = VCPU_EVENT_EXCEPTION, .vector = 13, .has_error = true, .error = 0xffffffff}, 0x80000b0d},
};

static void events_go_in_and_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) {
        assert_int_equal(vmx_inject_encode(pairs[i].event), pairs[i].encoded);
        struct vcpu_event back = vmx_inject_decode(pairs[i].encoded, pairs[i].event.error);
        assert_int_equal(back.kind, pairs[i].event.kind);
        assert_int_equal(back.vector, pairs[i].event.vector);
        assert_int_equal(back.has_error, pairs[i].event.has_error);
        assert_int_equal(back.error, pairs[i].event.error);
    }
    assert_int_equal(vmx_inject_encode((struct vcpu_event){.kind = VCPU_EVENT_NONE}), 0);
}

static void software_events_are_executed_again(void **state)
{
    (void)state;
    assert_int_equal(vmx_inject_decode(0x80000480, 0).kind, VCPU_EVENT_NONE); /* INT 0x80 */
    assert_int_equal(vmx_inject_decode(0x80000501, 0).kind, VCPU_EVENT_NONE); /* INT1 */
    assert_int_equal(vmx_inject_decode(0x80000603, 0).kind, VCPU_EVENT_NONE); /* INT3 */
    assert_int_equal(vmx_inject_decode(0x80000604, 0).kind, VCPU_EVENT_NONE); /* INTO */
    assert_int_equal(vmx_inject_decode(0x00000b0e, 0).kind, VCPU_EVENT_NONE); /* not valid */
    assert_int_equal(vmx_inject_decode(0x8000030e, 7).error, 0);              /* no error code: none made up */
}

static void an_undelivered_event_comes_back(void **state)
{
    (void)state;
    vcpu.event = pairs[3].event;
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_ENTRY_EVENT), pairs[3].encoded);
    assert_int_equal(fake_vmcs_get(VMCS_ENTRY_EVENT_ERROR), 0x12);
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_NONE);
    after_exit(0, pairs[3].encoded);
    fake_vmcs_set(VMCS_VECTORING_ERROR, 0x12);
    vmx_inject_finish(&vcpu, VMCS_REASON_EPT_VIOLATION);
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_EXCEPTION);
    assert_int_equal(vcpu.event.vector, 14);
    assert_int_equal(vcpu.event.error, 0x12);
    after_exit(0, 0);
    vmx_inject_finish(&vcpu, VMCS_REASON_CPUID);
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_NONE);
}

static void no_event_writes_nothing(void **state)
{
    (void)state;
    vmx_inject_prepare(&vcpu); /* the CPU clears the valid bit at every exit */
    assert_int_equal(fake_vmcs_writes(), 0);
}

static void windows_are_written_when_they_change(void **state)
{
    (void)state;
    uint32_t none = data.cache.primary;
    vcpu.window = true;
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_PRIMARY_CONTROLS), none | 1u << 2);
    vcpu.nmi_window = true;
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_PRIMARY_CONTROLS), none | 1u << 2 | 1u << 22);
    unsigned writes = fake_vmcs_writes();
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_writes(), writes);
    vcpu.window = vcpu.nmi_window = false;
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_PRIMARY_CONTROLS), none);
}

static void the_shadow_keeps_its_kind(void **state)
{
    (void)state;
    after_exit(1, 0);
    vmx_inject_finish(&vcpu, VMCS_REASON_INTERRUPT);
    assert_true(vcpu.shadow);
    unsigned writes = fake_vmcs_writes();
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_INTERRUPTIBILITY), 1);
    assert_in_range(fake_vmcs_writes() - writes, 0, 1); /* the pending step alone */
    after_exit(2, 0);
    vmx_inject_finish(&vcpu, VMCS_REASON_INTERRUPT);
    assert_true(vcpu.shadow);
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_INTERRUPTIBILITY), 2);
    vcpu.shadow = false; /* stepped over */
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_INTERRUPTIBILITY), 0);
}

/* SDM 3C 27.3.1.5: in a shadow BS has to be what RFLAGS.TF says. */
static void the_pending_step_matches_tf(void **state)
{
    (void)state;
    after_exit(2, 0);
    fake_vmcs_set(VMCS_GUEST_PENDING_DEBUG, 0);
    vmx_inject_finish(&vcpu, VMCS_REASON_INTERRUPT);
    vcpu.rflags = 0x102;
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_PENDING_DEBUG), 1 << 14);
    vcpu.rflags = 2;
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_PENDING_DEBUG), 0);
    /* The instruction behind it was emulated, and its step queued as an event: not once more. */
    vcpu.rflags = 0x102;
    vmx_inject_prepare(&vcpu);
    vcpu.shadow = false;
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_PENDING_DEBUG), 0);
}

static void a_breakpoint_behind_mov_ss_is_kept(void **state)
{
    (void)state;
    after_exit(2, 0);
    fake_vmcs_set(VMCS_GUEST_PENDING_DEBUG, 0x1001);
    vmx_inject_finish(&vcpu, VMCS_REASON_INTERRUPT);
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_PENDING_DEBUG), 0x1001);
}

static void an_interrupt_ends_the_shadow(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) { /* SDM 3C 27.3.1.5: both kinds of blocking must be clear for these */
        after_exit(1, pairs[i].encoded);
        vmx_inject_finish(&vcpu, VMCS_REASON_EPT_VIOLATION);
        assert_int_equal(vcpu.event.kind, pairs[i].event.kind);
        vmx_inject_prepare(&vcpu);
        assert_int_equal(fake_vmcs_get(VMCS_GUEST_INTERRUPTIBILITY), 0);
    }
}

static void nmi_blocking_is_the_hardwares(void **state)
{
    (void)state;
    vcpu.event = pairs[1].event;
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_INTERRUPTIBILITY), 0);
    after_exit(8, 0);
    vmx_inject_finish(&vcpu, VMCS_REASON_CPUID);
    assert_true(vcpu.nmi_blocked);
    assert_false(vcpu.shadow);
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_INTERRUPTIBILITY), 8);
    after_exit(0, 0);
    vmx_inject_finish(&vcpu, VMCS_REASON_NMI_WINDOW);
    assert_false(vcpu.nmi_blocked);
}

/* SDM 3C 27.2.1.3 and 27.3.1.5: an NMI may not be injected over the blocking that its own delivery had set. */
static void an_nmi_cut_short_goes_in_again(void **state)
{
    (void)state;
    after_exit(8, pairs[1].encoded);
    vmx_inject_finish(&vcpu, VMCS_REASON_EPT_VIOLATION);
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_NMI);
    vmx_inject_prepare(&vcpu);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_INTERRUPTIBILITY), 0);
    assert_int_equal(fake_vmcs_get(VMCS_ENTRY_EVENT), pairs[1].encoded);
}

static void an_iret_that_faulted_leaves_nmis_blocked(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_EXIT_EVENT, 0x80001b11); /* #AC, bit 12 */
    vmx_inject_finish(&vcpu, VMCS_REASON_EXCEPTION_OR_NMI);
    assert_true(vcpu.nmi_blocked);
    fake_vmcs_set(VMCS_EXIT_EVENT, 0x80000b11);
    vmx_inject_finish(&vcpu, VMCS_REASON_EXCEPTION_OR_NMI);
    assert_false(vcpu.nmi_blocked);
    fake_vmcs_set(VMCS_EXIT_EVENT, 0x80001b08); /* for #DF the bit says nothing */
    vmx_inject_finish(&vcpu, VMCS_REASON_EXCEPTION_OR_NMI);
    assert_false(vcpu.nmi_blocked);
    fake_vmcs_set(VMCS_QUALIFICATION, 0x1181);
    vmx_inject_finish(&vcpu, VMCS_REASON_EPT_VIOLATION);
    assert_true(vcpu.nmi_blocked);
    after_exit(0, pairs[0].encoded); /* nor while something was being delivered */
    vmx_inject_finish(&vcpu, VMCS_REASON_EPT_VIOLATION);
    assert_false(vcpu.nmi_blocked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(events_go_in_and_out, setup),
        cmocka_unit_test_setup(software_events_are_executed_again, setup),
        cmocka_unit_test_setup(an_undelivered_event_comes_back, setup),
        cmocka_unit_test_setup(no_event_writes_nothing, setup),
        cmocka_unit_test_setup(windows_are_written_when_they_change, setup),
        cmocka_unit_test_setup(the_shadow_keeps_its_kind, setup),
        cmocka_unit_test_setup(the_pending_step_matches_tf, setup),
        cmocka_unit_test_setup(a_breakpoint_behind_mov_ss_is_kept, setup),
        cmocka_unit_test_setup(an_interrupt_ends_the_shadow, setup),
        cmocka_unit_test_setup(nmi_blocking_is_the_hardwares, setup),
        cmocka_unit_test_setup(an_nmi_cut_short_goes_in_again, setup),
        cmocka_unit_test_setup(an_iret_that_faulted_leaves_nmis_blocked, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
