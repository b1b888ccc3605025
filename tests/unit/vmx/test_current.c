/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/current.c: the current VMCS follows the vCPU. */
#include "vmx/current.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/fake/vmcs.h"
#include "vmx/state.h"

static struct vcpu a, b;
static struct vmx_vcpu data_a, data_b;

static int setup(void **state)
{
    (void)state;
    fake_vmcs_reset();
    data_a = (struct vmx_vcpu){.vmcs = {0x1000}, .frame = {.launched = 1}};
    data_b = (struct vmx_vcpu){.vmcs = {0x2000}, .frame = {.launched = 1}};
    a = (struct vcpu){.data = &data_a};
    b = (struct vcpu){.data = &data_b};
    return 0;
}

static void it_is_loaded_when_another_was(void **state)
{
    (void)state;
    vmx_current_make(&a);
    vmx_current_make(&a);
    assert_int_equal(fake_vmcs_loads(), 1);
    vmx_current_make(&b);
    assert_int_equal(fake_vmcs_current(), 0x2000);
    vmx_current_make(&a);
    assert_int_equal(fake_vmcs_current(), 0x1000);
    assert_int_equal(fake_vmcs_loads(), 3);
    vmx_current_drop(&a);
    vmx_current_drop(&b);
}

static void a_dropped_one_is_launched_anew(void **state)
{
    (void)state;
    vmx_current_make(&a);
    vmx_current_drop(&a);
    assert_int_equal(data_a.frame.launched, 0);
    assert_int_equal(fake_vmcs_current(), 0);
    vmx_current_make(&a);
    assert_int_equal(fake_vmcs_current(), 0x1000);
    vmx_current_drop(&b); /* another one's end changes nothing */
    assert_int_equal(fake_vmcs_current(), 0x1000);
    vmx_current_make(&a);
    assert_int_equal(fake_vmcs_loads(), 2);
    vmx_current_drop(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_is_loaded_when_another_was, setup),
        cmocka_unit_test_setup(a_dropped_one_is_launched_anew, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
