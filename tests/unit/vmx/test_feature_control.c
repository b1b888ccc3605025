/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/feature_control.c: the three states that firmware leaves IA32_FEATURE_CONTROL in. */
#include "vmx/feature_control.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void every_combination_of_lock_and_vmx(void **state)
{
    (void)state;
    static const struct {
        uint64_t msr;
        enum vmx_feature_control_kind kind;
        uint64_t value;
    } cases[] = {
        {0x0, VMX_FEATURE_CONTROL_WRITE, 0x5},           {0x4, VMX_FEATURE_CONTROL_WRITE, 0x5},
        {0x2, VMX_FEATURE_CONTROL_WRITE, 0x7},           {0x1, VMX_FEATURE_CONTROL_REFUSED, 0x1},
        {0x3, VMX_FEATURE_CONTROL_REFUSED, 0x3}, /* inside SMX alone is of no use */
        {0x5, VMX_FEATURE_CONTROL_READY, 0x5},           {0x100005, VMX_FEATURE_CONTROL_READY, 0x100005},
        {0x160000, VMX_FEATURE_CONTROL_WRITE, 0x160005}, /* what else firmware set stays: SGX, LMCE */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vmx_feature_control got = vmx_feature_control_decide(cases[i].msr);
        assert_int_equal(got.kind, cases[i].kind);
        assert_int_equal(got.value, cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_of_lock_and_vmx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
