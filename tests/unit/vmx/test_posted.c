/* SPDX-License-Identifier: GPL-2.0-only
 * Posted interrupts in a pretended VMCS: fields, and exits that took a vector from the local APIC. The controls of CPUs
 * with and without them come from the capability models. */
#include "vmx/posted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/core/cpu_feature.h"
#include "kernel/hw/phys.h"
#include "tests/fake/memory.h"
#include "tests/fake/vmcs.h"

#define MEMORY 0x1000000u

/* A CPU that has everything that posted interrupts need. */
static struct vmx_capability able(void)
{
    struct vmx_capability c = {
        .vmx = true,
        .ept = true,
        .apic_access = true,
        .apic_registers = true,
        .virtual_interrupts = true,
        .virtual_nmis = true,
        .tpr_shadow = true,
        .io_bitmaps = true,
        .posted_interrupts = true,
    };
    c.pin.may = c.primary.may = c.secondary.may = c.exit.may = c.entry.may = UINT32_MAX;
    return c;
}

static struct vmx_controls controls_of(const struct vmx_capability *c, uint32_t without)
{
    struct vmx_controls controls = {0};
    const char *missing = NULL;
    assert_int_equal(vmx_controls_make(c, without, &controls, &missing), STATUS_OK);
    return controls;
}

static int setup(void **state)
{
    (void)state;
    fake_vmcs_reset();
    fake_memory_reset(MEMORY, 0x1000);
    return 0;
}

static void test_fields(void **state)
{
    (void)state;
    struct vmx_capability c = able();
    struct vmx_controls controls = controls_of(&c, 0);
    struct vcpu vcpu = {.posted = phys_to_virt(hpa(MEMORY + 0x40))};
    assert_true(vmx_posted_in_use(&controls));
    assert_true((controls.pin & 0x80) != 0 && (controls.exit & 0x8000) != 0); /* never one of them alone */
    vmx_posted_setup(&vcpu, &controls);
    assert_int_equal(fake_vmcs_get(0x0002), 0xf3);
    assert_int_equal(fake_vmcs_get(0x2016), MEMORY + 0x40);
    assert_int_equal(fake_vmcs_writes(), 2);
}

static void test_without(void **state)
{
    (void)state;
    static const enum cpu_feature needed[] = {CPU_FEATURE_POSTED_INTERRUPTS, CPU_FEATURE_VIRTUAL_INTERRUPTS,
                                              CPU_FEATURE_APIC_REGISTERS};
    struct vcpu vcpu = {0}; /* no descriptor: none is needed */
    for (size_t i = 0; i < ARRAY_LENGTH(needed) + 2; i++) {
        struct vmx_capability c = able();
        uint32_t without = i < ARRAY_LENGTH(needed) ? cpu_feature_bit(needed[i]) : 0;
        if (i == ARRAY_LENGTH(needed)) {
            c.posted_interrupts = false; /* as every CPU model of Bochs */
            c.pin.may &= ~UINT32_C(0x80);
        } else if (i > ARRAY_LENGTH(needed)) {
            c.exit.may &= ~UINT32_C(0x8000);
        }
        struct vmx_controls controls = controls_of(&c, without);
        assert_false(vmx_posted_in_use(&controls));
        assert_int_equal(controls.exit & 0x8000, 0);
        vmx_posted_setup(&vcpu, &controls);
        fake_vmcs_set(0x4404, 0x80000041);
        assert_int_equal(vmx_posted_acknowledged(&controls), 0); /* it still waits in the local APIC */
        assert_int_equal(fake_vmcs_writes(), 0);
    }
}

static void test_acknowledged_on_exit(void **state)
{
    (void)state;
    struct vmx_capability c = able();
    struct vmx_controls controls = controls_of(&c, 0);
    static const struct {
        uint64_t event;
        uint8_t vector;
    } cases[] = {
        {0x80000030, 0x30}, {0x800000f2, 0xf2}, {0x800000ff, 0xff}, {0x800000f3, 0xf3}, {0x00000030, 0}, /* not valid */
        {0x80000202, 0}, /* an NMI, which has its own way */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        fake_vmcs_set(0x4404, cases[i].event);
        assert_int_equal(vmx_posted_acknowledged(&controls), cases[i].vector);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_fields, setup),
        cmocka_unit_test_setup(test_without, setup),
        cmocka_unit_test_setup(test_acknowledged_on_exit, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
