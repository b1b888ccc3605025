/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/invalidate.c: types chosen from what there is, EPT pointers, VPID numbers. */
#include "vmx/invalidate.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/fake/vmx_models.h"
#include "vmx/instructions.h"

static struct {
    unsigned invepts, invvpids;
    uint64_t type, eptp, vpid_type;
} called;

void vmx_invept(uint64_t type, uint64_t eptp)
{
    called.invepts++;
    called.type = type;
    called.eptp = eptp;
}

void vmx_invvpid(uint64_t type, uint16_t vpid, uint64_t linear)
{
    (void)linear;
    assert_true(type == VMX_INVVPID_ALL || vpid != 0); /* SDM 3C 31.3: VPID 0 is no operand */
    called.invvpids++;
    called.vpid_type = type;
}

static int setup(void **state)
{
    (void)state;
    __builtin_memset(&called, 0, sizeof(called));
    return 0;
}

static void types_follow_what_there_is(void **state)
{
    (void)state;
    struct vmx_capability c = vmx_model_capability(VMX_MODEL_SKYLAKE_X);
    assert_int_equal(vmx_invalidate_ept_type(&c), VMX_INVEPT_SINGLE);
    c.invept_single = false;
    assert_int_equal(vmx_invalidate_ept_type(&c), VMX_INVEPT_ALL);
    c.invept_all = false;
    assert_int_equal(vmx_invalidate_ept_type(&c), VMX_INVEPT_NONE);
}

static void ept_pointer_is_as_the_manual_draws_it(void **state)
{
    (void)state;
    struct vmx_capability c = vmx_model_capability(VMX_MODEL_SKYLAKE_X);
    assert_int_equal(vmx_eptp(&c, hpa(0x12345000)), 0x1234505e);
    c = vmx_model_capability(VMX_MODEL_SANDY_BRIDGE); /* no accessed and dirty flags */
    assert_int_equal(vmx_eptp(&c, hpa(0x12345000)), 0x1234501e);
}

static void instructions_get_their_operands(void **state)
{
    (void)state;
    struct vmx_capability c = vmx_model_capability(VMX_MODEL_SKYLAKE_X);
    vmx_invalidate_ept(&c, 0x1234505e);
    assert_int_equal(called.invepts, 1);
    assert_int_equal(called.type, VMX_INVEPT_SINGLE);
    assert_int_equal(called.eptp, 0x1234505e);
    assert_int_equal(called.invvpids, 0);
    vmx_invalidate_all(&c);
    assert_int_equal(called.invepts, 2);
    assert_int_equal(called.type, VMX_INVEPT_ALL);
    assert_int_equal(called.invvpids, 1);
    assert_int_equal(called.vpid_type, VMX_INVVPID_ALL);
}

static void what_the_cpu_lacks_is_not_executed(void **state)
{
    (void)state;
    struct vmx_capability c = vmx_model_capability(VMX_MODEL_SKYLAKE_X);
    c.invvpid_all = c.invept_all = false;
    vmx_invalidate_all(&c);
    assert_int_equal(called.invepts + called.invvpids, 0);
}

static void numbers_are_kept_and_renewed(void **state)
{
    (void)state;
    struct vmx_vpid_pool pool = vmx_vpid_pool_make();
    struct vmx_vpid a = {0}, b = {0};
    assert_true(vmx_vpid_prepare(&pool, &a, false)); /* the first entry of the CPU */
    assert_false(vmx_vpid_prepare(&pool, &b, false));
    assert_int_equal(a.number, 1);
    assert_int_equal(b.number, 2);
    assert_false(vmx_vpid_prepare(&pool, &a, false));
    assert_int_equal(a.number, 1);
    assert_false(vmx_vpid_prepare(&pool, &a, true));
    assert_int_equal(a.number, 3);
}

static void the_last_number_is_followed_by_a_flush(void **state)
{
    (void)state;
    struct vmx_vpid_pool pool = vmx_vpid_pool_make();
    struct vmx_vpid old = {0}, busy = {0};
    assert_true(vmx_vpid_prepare(&pool, &old, false));
    for (unsigned i = 2; i <= 0xffff; i++) {
        assert_false(vmx_vpid_prepare(&pool, &busy, true));
        assert_int_equal(busy.number, i);
    }
    assert_true(vmx_vpid_prepare(&pool, &busy, true));
    assert_int_equal(busy.number, 1);
    /* The other's number is of the time before the flush: it must not be used again. */
    assert_false(vmx_vpid_prepare(&pool, &old, false));
    assert_int_equal(old.number, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(types_follow_what_there_is, setup),
        cmocka_unit_test_setup(ept_pointer_is_as_the_manual_draws_it, setup),
        cmocka_unit_test_setup(instructions_get_their_operands, setup),
        cmocka_unit_test_setup(what_the_cpu_lacks_is_not_executed, setup),
        cmocka_unit_test_setup(numbers_are_kept_and_renewed, setup),
        cmocka_unit_test_setup(the_last_number_is_followed_by_a_flush, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
