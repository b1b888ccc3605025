/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/operation.c: into VMX operation, and every way of not getting there. */
#include "vmx/operation.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/fake/msr.h"
#include "tests/fake/vmx_models.h"
#include "vmx/instructions.h"

#define FEATURE_CONTROL 0x3a
#define HOST_CR0 UINT64_C(0x80010033)
#define HOST_CR4 UINT64_C(0x668)

static struct {
    uint64_t cr0, cr4;
    unsigned ons, offs;
    enum vmx_result result;
} cpu;

uint64_t cpu_read_cr0(void)
{
    return cpu.cr0;
}

uint64_t cpu_read_cr4(void)
{
    return cpu.cr4;
}

void cpu_write_cr4(uint64_t value)
{
    cpu.cr4 = value;
}

enum vmx_result vmx_on(struct hpa region)
{
    assert_int_equal(region.v, 0x7000);
    assert_int_equal(cpu.cr4 & 0x2000, 0x2000);             /* else #UD */
    assert_int_equal(fake_msr_get(FEATURE_CONTROL) & 5, 5); /* else #GP */
    cpu.ons++;
    return cpu.result;
}

enum vmx_result vmx_off(void)
{
    assert_int_equal(cpu.cr4 & 0x2000, 0x2000);
    cpu.offs++;
    return VMX_SUCCEED;
}

static struct vmx_capability capability;

static int setup(void **state)
{
    (void)state;
    fake_msr_reset();
    fake_msr_set(FEATURE_CONTROL, 5);
    capability = vmx_model_capability(VMX_MODEL_SKYLAKE_X);
    cpu.cr0 = HOST_CR0;
    cpu.cr4 = HOST_CR4;
    cpu.ons = cpu.offs = 0;
    cpu.result = VMX_SUCCEED;
    return 0;
}

static void it_starts_and_ends(void **state)
{
    (void)state;
    assert_int_equal(vmx_operation_start(&capability, hpa(0x7000)), STATUS_OK);
    assert_int_equal(cpu.ons, 1);
    assert_int_equal(cpu.cr4, HOST_CR4 | 0x2000);
    assert_int_equal(fake_msr_writes(), 0); /* locked already */
    vmx_operation_end();
    assert_int_equal(cpu.offs, 1);
    assert_int_equal(cpu.cr4, HOST_CR4);
}

static void an_open_feature_control_is_locked_with_vmx(void **state)
{
    (void)state;
    fake_msr_set(FEATURE_CONTROL, 0);
    assert_int_equal(vmx_operation_start(&capability, hpa(0x7000)), STATUS_OK);
    assert_int_equal(fake_msr_get(FEATURE_CONTROL), 5);
}

static void locked_off_is_refused(void **state)
{
    (void)state;
    fake_msr_set(FEATURE_CONTROL, 1);
    assert_int_equal(vmx_operation_start(&capability, hpa(0x7000)), STATUS_UNSUPPORTED);
    assert_int_equal(cpu.ons, 0);
    assert_int_equal(cpu.cr4, HOST_CR4);
}

static void a_failure_of_vmxon_leaves_the_cpu_as_it_was(void **state)
{
    (void)state;
    cpu.result = VMX_FAIL_INVALID;
    assert_int_equal(vmx_operation_start(&capability, hpa(0x7000)), STATUS_HARDWARE);
    assert_int_equal(cpu.ons, 1);
    assert_int_equal(cpu.cr4, HOST_CR4);
}

static void control_registers_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    cpu.cr0 = HOST_CR0 & ~UINT64_C(0x20); /* NE */
    assert_int_equal(vmx_operation_start(&capability, hpa(0x7000)), STATUS_UNSUPPORTED);
    cpu.cr0 = HOST_CR0;
    cpu.cr4 = HOST_CR4 | UINT64_C(1) << 40;
    assert_int_equal(vmx_operation_start(&capability, hpa(0x7000)), STATUS_UNSUPPORTED);
    assert_int_equal(cpu.ons, 0);
    assert_int_equal(cpu.cr4, HOST_CR4 | UINT64_C(1) << 40);
    assert_false(vmx_operation_fits(&capability, HOST_CR0, HOST_CR4)); /* VMXE */
    assert_true(vmx_operation_fits(&capability, HOST_CR0, HOST_CR4 | 0x2000));
}

static void cpus_of_two_kinds_are_told_apart(void **state)
{
    (void)state;
    struct vmx_capability other = capability;
    other.feature_control = 0;
    assert_true(vmx_operation_is_alike(&capability, &other));
    other.secondary.may &= ~1u;
    assert_false(vmx_operation_is_alike(&capability, &other));
    other = capability;
    other.revision++;
    assert_false(vmx_operation_is_alike(&capability, &other));
    other = vmx_model_capability(VMX_MODEL_SANDY_BRIDGE);
    assert_false(vmx_operation_is_alike(&capability, &other));
    other = capability;
    other.exit.must |= 1u << 30;
    assert_false(vmx_operation_is_alike(&capability, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_starts_and_ends, setup),
        cmocka_unit_test_setup(an_open_feature_control_is_locked_with_vmx, setup),
        cmocka_unit_test_setup(locked_off_is_refused, setup),
        cmocka_unit_test_setup(a_failure_of_vmxon_leaves_the_cpu_as_it_was, setup),
        cmocka_unit_test_setup(control_registers_that_do_not_fit_are_refused, setup),
        cmocka_unit_test_setup(cpus_of_two_kinds_are_told_apart, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
