/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/take.c: exits that the backend deals with itself. */
#include "vmx/take.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "tests/fake/vmcs.h"
#include "vmx/current.h"
#include "vmx/registers.h"
#include "vmx/state.h"

static struct vcpu vcpu;
static struct vmx_vcpu data;
static uint8_t apic[4096];
static unsigned nmis;
static struct vcpu_exit exit_;
static const struct vmx_controls controls;

void vmx_take_nmi(void)
{
    nmis++;
}

static const struct cpu_backend backend = {
    .read = vmx_registers_read,
    .write = vmx_registers_write,
};

static int setup(void **state)
{
    (void)state;
    fake_vmcs_reset();
    memset(apic, 0, sizeof(apic));
    data = (struct vmx_vcpu){.vmcs = {0x1000}, .virtual_apic = apic};
    vcpu = (struct vcpu){.data = &data, .backend = &backend};
    nmis = 0;
    exit_ = (struct vcpu_exit){.kind = VCPU_EXIT_CR};
    vmx_current_make(&vcpu);
    fake_vmcs_set(VMCS_ENTRY_CONTROLS, 0xd1ff);
    vmx_registers_init(&vcpu);
    vmx_registers_write(&vcpu, VCPU_CR0, 0x60000011);
    vmx_registers_write(&vcpu, VCPU_DR6, 0xffff0ff0);
    vmx_registers_write(&vcpu, VCPU_DR7, 0x2400);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vmx_current_drop(&vcpu);
    return 0;
}

static bool take(enum vmcs_reason reason)
{
    return vmx_take(&vcpu, &controls, reason, &exit_);
}

static void an_nmi_goes_to_the_host(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_EXIT_EVENT, 0x80000202);
    assert_false(take(VMCS_REASON_EXCEPTION_OR_NMI));
    assert_int_equal(nmis, 1);
}

static void dr6_says_what_a_debug_exception_found(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_EXIT_EVENT, 0x80000301);
    fake_vmcs_set(VMCS_QUALIFICATION, 0x2001); /* BD, B0 */
    assert_false(take(VMCS_REASON_EXCEPTION_OR_NMI));
    assert_int_equal(vmx_registers_read(&vcpu, VCPU_DR6), 0xffff2ff1);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_DR7), 0x400); /* GD ends */
    fake_vmcs_set(VMCS_QUALIFICATION, 0x4000);
    assert_false(take(VMCS_REASON_EXCEPTION_OR_NMI));
    assert_int_equal(vmx_registers_read(&vcpu, VCPU_DR6), 0xffff6ff0); /* B3:0 are of this one alone */
    assert_int_equal(nmis, 0);
}

static void another_exception_leaves_dr6(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_EXIT_EVENT, 0x80000b11);
    assert_false(take(VMCS_REASON_EXCEPTION_OR_NMI));
    assert_int_equal(vmx_registers_read(&vcpu, VCPU_DR6), 0xffff0ff0);
}

/* INT1 is a trap whose exit points to itself (SDM 3C 28.3.3). */
static void int1_is_stepped_over(void **state)
{
    (void)state;
    vcpu.rip = 0x1000;
    fake_vmcs_set(VMCS_EXIT_EVENT, 0x80000501);
    fake_vmcs_set(VMCS_EXIT_LENGTH, 1);
    assert_false(take(VMCS_REASON_EXCEPTION_OR_NMI));
    assert_int_equal(vcpu.rip, 0x1001);
    assert_int_equal(vmx_registers_read(&vcpu, VCPU_DR6), 0xffff0ff0);
}

static void hidden_bits_of_cr0_are_shown_and_the_guest_goes_on(void **state)
{
    (void)state;
    vcpu.gprs[VCPU_RDX] = 0x80050033;
    fake_vmcs_set(VMCS_QUALIFICATION, 0x200); /* MOV CR0, RDX */
    assert_true(take(VMCS_REASON_CR));
    assert_int_equal(fake_vmcs_get(VMCS_CR0_SHADOW) & VMX_CR0_MASK, 0x20);
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_NONE);
}

static void nw_without_cd_is_refused(void **state)
{
    (void)state;
    vcpu.gprs[VCPU_RAX] = 0x20000011;
    fake_vmcs_set(VMCS_QUALIFICATION, 0);
    assert_true(take(VMCS_REASON_CR));
    assert_int_equal(vcpu.event.kind, VCPU_EVENT_EXCEPTION);
    assert_int_equal(vcpu.event.vector, 13);
    assert_true(vcpu.event.has_error);
    vcpu.event = (struct vcpu_event){.kind = VCPU_EVENT_EXCEPTION, .vector = 8, .has_error = true};
    assert_false(take(VMCS_REASON_CR)); /* a #GP in a double fault */
    assert_int_equal(exit_.kind, VCPU_EXIT_SHUTDOWN);
}

static void other_control_registers_are_the_guest_layers(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_QUALIFICATION, 0x204);
    assert_false(take(VMCS_REASON_CR));
    assert_int_equal(exit_.kind, VCPU_EXIT_CR);
    fake_vmcs_set(VMCS_QUALIFICATION, 0x210); /* MOV from CR0 */
    assert_false(take(VMCS_REASON_CR));
}

static void a_shutdown_leaves_a_vmcs_that_can_be_reset(void **state)
{
    (void)state;
    fake_vmcs_set(VMCS_GUEST_ACTIVITY, VMCS_SHUTDOWN);
    fake_vmcs_set(VMCS_GUEST_PENDING_DEBUG, 0x4000);
    assert_false(take(VMCS_REASON_TRIPLE_FAULT));
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_ACTIVITY), VMCS_ACTIVE);
    assert_int_equal(fake_vmcs_get(VMCS_GUEST_PENDING_DEBUG), 0);
}

static void the_rest_is_the_guest_layers(void **state)
{
    (void)state;
    unsigned writes = fake_vmcs_writes();
    for (unsigned reason = VMCS_REASON_CPUID; reason <= VMCS_REASON_TDCALL; reason++) {
        if (reason != VMCS_REASON_CR) {
            assert_false(take(reason));
        }
    }
    assert_int_equal(fake_vmcs_writes(), writes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_nmi_goes_to_the_host, setup, teardown),
        cmocka_unit_test_setup_teardown(dr6_says_what_a_debug_exception_found, setup, teardown),
        cmocka_unit_test_setup_teardown(another_exception_leaves_dr6, setup, teardown),
        cmocka_unit_test_setup_teardown(int1_is_stepped_over, setup, teardown),
        cmocka_unit_test_setup_teardown(hidden_bits_of_cr0_are_shown_and_the_guest_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(nw_without_cd_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(other_control_registers_are_the_guest_layers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shutdown_leaves_a_vmcs_that_can_be_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(the_rest_is_the_guest_layers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
