/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/switch.c: registers that stay in the CPU until another vCPU runs there. */
#include "vmx/switch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "tests/fake/msr.h"
#include "tests/fake/registers.h"
#include "vmx/state.h"

static struct vcpu a, b;
static struct vmx_vcpu data_a, data_b;

static int setup(void **state)
{
    (void)state;
    static const uint32_t msrs[] = {0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000102};
    fake_msr_reset();
    for (size_t i = 0; i < ARRAY_LENGTH(msrs); i++) {
        fake_msr_set(msrs[i], 0xdead);
    }
    fake_registers = (struct fake_registers){.cr2 = 0xdead, .dr6 = 0xdead};
    memset(&data_a, 0, sizeof(data_a));
    memset(&data_b, 0, sizeof(data_b));
    a = (struct vcpu){.data = &data_a};
    b = (struct vcpu){.data = &data_b};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vmx_switch_forget(&a);
    vmx_switch_forget(&b);
    return 0;
}

static const enum vcpu_register all[] = {VCPU_STAR,           VCPU_LSTAR, VCPU_CSTAR, VCPU_SFMASK,
                                         VCPU_KERNEL_GS_BASE, VCPU_CR2,   VCPU_DR6};

static void seven_registers_are_switched(void **state)
{
    (void)state;
    unsigned count = 0;
    for (unsigned r = 0; r < VCPU_REGISTER_COUNT; r++) {
        count += vmx_switch_has(r);
    }
    assert_int_equal(count, ARRAY_LENGTH(all));
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        assert_true(vmx_switch_has(all[i]));
    }
}

static void what_is_written_reaches_the_cpu_at_the_entry(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        vmx_switch_write(&a, all[i], i + 1);
    }
    assert_int_equal(fake_msr_get(0xc0000081), 0xdead);
    vmx_switch_load(&a);
    assert_int_equal(fake_msr_get(0xc0000081), 1);
    assert_int_equal(fake_msr_get(0xc0000082), 2);
    assert_int_equal(fake_msr_get(0xc0000083), 3);
    assert_int_equal(fake_msr_get(0xc0000084), 4);
    assert_int_equal(fake_msr_get(0xc0000102), 5);
    assert_int_equal(fake_registers.cr2, 6);
    assert_int_equal(fake_registers.dr6, 7);
}

static void the_guests_own_changes_are_seen(void **state)
{
    (void)state;
    vmx_switch_load(&a);
    fake_msr_set(0xc0000082, 0x1234); /* WRMSR in the guest does not exit */
    fake_registers.cr2 = 0x5678;
    assert_int_equal(vmx_switch_read(&a, VCPU_LSTAR), 0x1234);
    assert_int_equal(vmx_switch_read(&a, VCPU_CR2), 0x5678);
    vmx_switch_write(&a, VCPU_LSTAR, 0x9);
    assert_int_equal(fake_msr_get(0xc0000082), 0x9);
}

static void a_vcpu_alone_costs_nothing(void **state)
{
    (void)state;
    vmx_switch_load(&a);
    unsigned writes = fake_msr_writes();
    vmx_switch_load(&a);
    assert_int_equal(fake_msr_writes(), writes);
}

static void two_guests_never_see_each_other(void **state)
{
    (void)state;
    vmx_switch_load(&a);
    for (uint32_t msr = 0xc0000081; msr <= 0xc0000084; msr++) {
        fake_msr_set(msr, msr);
    }
    fake_registers.dr6 = 0x4000;
    vmx_switch_load(&b);
    for (uint32_t msr = 0xc0000081; msr <= 0xc0000084; msr++) {
        assert_int_equal(fake_msr_get(msr), 0);
    }
    assert_int_equal(fake_registers.dr6, 0);
    fake_registers.dr6 = 1;
    assert_int_equal(vmx_switch_read(&a, VCPU_DR6), 0x4000);
    vmx_switch_load(&a);
    assert_int_equal(fake_registers.dr6, 0x4000);
    assert_int_equal(fake_msr_get(0xc0000083), 0xc0000083);
    assert_int_equal(vmx_switch_read(&b, VCPU_DR6), 1);
}

static void a_vcpu_that_ended_is_not_saved(void **state)
{
    (void)state;
    vmx_switch_load(&a);
    fake_registers.cr2 = 0x77;
    vmx_switch_forget(&a);
    vmx_switch_load(&b);
    assert_int_equal(data_a.switched[VMX_SWITCHED_CR2], 0); /* its memory may be gone already */
    assert_int_equal(fake_registers.cr2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(seven_registers_are_switched, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_written_reaches_the_cpu_at_the_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(the_guests_own_changes_are_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(a_vcpu_alone_costs_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(two_guests_never_see_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(a_vcpu_that_ended_is_not_saved, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
