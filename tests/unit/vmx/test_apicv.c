/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/apicv.c: controls and MSR bitmap for each mode of a guest's APIC, each CPU and each feature left out; what the
 * VMCS holds after each change. */
#include "vmx/apicv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/cpu_feature.h"
#include "kernel/hw/phys.h"
#include "tests/fake/memory.h"
#include "tests/fake/vmx_models.h"
#include "vmx/bitmaps.h"
#include "vmx/current.h"
#include "vmx/state.h"

#define FEATURES                                                                                                       \
    (cpu_feature_bit(CPU_FEATURE_APIC_REGISTERS) | cpu_feature_bit(CPU_FEATURE_VIRTUAL_INTERRUPTS) |                   \
     cpu_feature_bit(CPU_FEATURE_VIRTUAL_X2APIC) | cpu_feature_bit(CPU_FEATURE_POSTED_INTERRUPTS))

/* The current VMCS of these tests. */
static struct {
    uint64_t fields[0x8000];
    unsigned writes[0x8000];
} vmcs;

uint64_t vmx_read(enum vmcs_field field)
{
    return vmcs.fields[field];
}

void vmx_write(enum vmcs_field field, uint64_t value)
{
    vmcs.fields[field] = value;
    vmcs.writes[field]++;
}

void vmx_current_make(const struct vcpu *vcpu)
{
    (void)vcpu;
}

struct rig {
    struct vmx_capability capability;
    struct vmx_controls controls;
    struct vmx_apicv a;
    struct vmx_vcpu v;
    struct vcpu vcpu;
};
static uint8_t bitmap[VMX_MSR_BITMAP_BYTES];

static void make(struct rig *r, enum vmx_model_name model, uint32_t without)
{
    const char *missing;
    memset(&vmcs, 0, sizeof(vmcs));
    *r = (struct rig){.capability = vmx_model_capability(model)};
    assert_int_equal(vmx_controls_make(&r->capability, without, &r->controls, &missing), STATUS_OK);
    r->controls.primary |= VMX_PRIMARY_CR8_LOAD;
    r->a = (struct vmx_apicv){&r->capability, &r->controls, vmx_quirks_find(&r->capability), without};
    r->v.msr_bitmap = bitmap;
    r->vcpu.data = &r->v;
    r->v.cache.primary = r->controls.primary | VMX_PRIMARY_INTERRUPT_WINDOW; /* the vCPU's own bits stay */
    vmx_bitmaps_deny_msrs(bitmap);
    vmcs.fields[VMCS_PIN_CONTROLS] = r->controls.pin | VMX_PIN_PREEMPTION_TIMER;
    vmcs.fields[VMCS_PRIMARY_CONTROLS] = r->v.cache.primary;
    vmcs.fields[VMCS_SECONDARY_CONTROLS] = r->controls.secondary;
}

static unsigned set_mode(struct rig *r, enum vcpu_apic_mode mode)
{
    r->vcpu.flush = false;
    unsigned help = vmx_apicv_set_mode(&r->a, &r->vcpu, mode);
    assert_true(r->vcpu.flush);
    return help;
}

static bool reads(uint32_t msr)
{
    return (bitmap[msr / 8] >> (msr % 8) & 1) == 0;
}

static bool writes(uint32_t msr)
{
    return (bitmap[2048 + msr / 8] >> (msr % 8) & 1) == 0;
}

static unsigned open_msrs(void)
{
    unsigned count = 0;
    for (uint32_t msr = 0; msr < 0x2000; msr++) {
        count += reads(msr);
        count += writes(msr);
    }
    return count;
}

static bool secondary_has(uint32_t bits)
{
    return (vmcs.fields[VMCS_SECONDARY_CONTROLS] & bits) == bits;
}

static void test_fields_that_are_not_there(void **state)
{
    (void)state;
    struct rig r;
    make(&r, VMX_MODEL_SANDY_BRIDGE, 0);
    assert_int_equal(set_mode(&r, VCPU_APIC_PAGE), 0);
    assert_int_equal(vmcs.writes[VMCS_EOI_EXIT_0] + vmcs.writes[VMCS_GUEST_INTERRUPT_STATUS], 0);
}

static void test_all_that_haswell_has(void **state)
{
    (void)state;
    struct rig r;
    make(&r, VMX_MODEL_HASWELL, 0);
    const unsigned all = VCPU_APIC_REGISTERS | VCPU_APIC_INTERRUPTS | VCPU_APIC_GUARDED;
    assert_int_equal(set_mode(&r, VCPU_APIC_PAGE), all);
    assert_true(secondary_has(VMX_SECONDARY_APIC_ACCESS | VMX_SECONDARY_APIC_REGISTERS |
                              VMX_SECONDARY_VIRTUAL_INTERRUPTS | VMX_SECONDARY_EPT));
    assert_false(secondary_has(VMX_SECONDARY_VIRTUAL_X2APIC));
    assert_int_equal(vmcs.fields[VMCS_PRIMARY_CONTROLS] & VMX_PRIMARY_CR8_LOAD, 0);
    assert_int_equal(r.v.cache.primary, vmcs.fields[VMCS_PRIMARY_CONTROLS]);
    assert_true((r.v.cache.primary & VMX_PRIMARY_INTERRUPT_WINDOW) != 0);
    assert_true((vmcs.fields[VMCS_PIN_CONTROLS] & VMX_PIN_PREEMPTION_TIMER) != 0);
    assert_int_equal(open_msrs(), 0);
    assert_int_equal(set_mode(&r, VCPU_APIC_MSRS), all);
    assert_true(
        secondary_has(VMX_SECONDARY_VIRTUAL_X2APIC | VMX_SECONDARY_APIC_REGISTERS | VMX_SECONDARY_VIRTUAL_INTERRUPTS));
    assert_false(secondary_has(VMX_SECONDARY_APIC_ACCESS)); /* not together, SDM 3C 27.2.1.1 */
    assert_int_equal(set_mode(&r, VCPU_APIC_SOFTWARE), 0);
    assert_false(secondary_has(VMX_SECONDARY_APIC_ACCESS));
    assert_false(secondary_has(VMX_SECONDARY_APIC_REGISTERS));
    assert_false(secondary_has(VMX_SECONDARY_VIRTUAL_INTERRUPTS));
    assert_true((vmcs.fields[VMCS_PRIMARY_CONTROLS] & VMX_PRIMARY_CR8_LOAD) != 0);
    assert_int_equal(open_msrs(), 0); /* an open one would be the host's own APIC */
}

static void test_msrs_of_x2apic_mode(void **state)
{
    (void)state;
    static const uint32_t readable[] = {0x802, 0x803, 0x808, 0x80a, 0x80d, 0x80f, 0x810, 0x817, 0x818, 0x81f, 0x820,
                                        0x827, 0x828, 0x830, 0x832, 0x833, 0x834, 0x835, 0x836, 0x837, 0x838, 0x83e};
    static const uint32_t hidden[] = {0x7ff, 0x800, 0x801, 0x804, 0x807, 0x809, 0x80b, 0x80c, 0x80e, 0x829, 0x82f,
                                      0x831, 0x839, 0x83a, 0x83d, 0x83f, 0x840, 0x8ff, 0x900, 0x1b,  0x6e0};
    struct rig r;
    make(&r, VMX_MODEL_HASWELL, 0);
    (void)set_mode(&r, VCPU_APIC_MSRS);
    for (size_t i = 0; i < ARRAY_LENGTH(readable); i++) {
        assert_true(reads(readable[i]));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(hidden); i++) {
        assert_false(reads(hidden[i]));
    }
    for (uint32_t msr = 0; msr < 0x2000; msr++) {
        assert_int_equal(writes(msr), msr == 0x808 || msr == 0x80b || msr == 0x83f);
    }
    make(&r, VMX_MODEL_HASWELL, cpu_feature_bit(CPU_FEATURE_VIRTUAL_INTERRUPTS));
    assert_int_equal(set_mode(&r, VCPU_APIC_MSRS), VCPU_APIC_REGISTERS);
    assert_true(reads(0x810) && writes(0x808));
    assert_false(reads(0x80a)); /* nobody keeps it up to date */
    assert_false(writes(0x80b) || writes(0x83f));
}

/* For every CPU, every set of features left out and every mode: help, controls and bitmap fit each other. */
static void test_every_combination(void **state)
{
    (void)state;
    for (unsigned model = VMX_MODEL_SANDY_BRIDGE; model < VMX_MODEL_COUNT; model++) {
        for (uint32_t without = 0; without <= FEATURES; without = ((without | ~FEATURES) + 1) & FEATURES) {
            for (unsigned mode = VCPU_APIC_SOFTWARE; mode <= VCPU_APIC_MSRS; mode++) {
                struct rig r;
                make(&r, model, without);
                unsigned help = set_mode(&r, mode);
                bool registers = (help & VCPU_APIC_REGISTERS) != 0, delivers = (help & VCPU_APIC_INTERRUPTS) != 0;
                bool has = r.capability.apic_registers && (without & 1u << CPU_FEATURE_APIC_REGISTERS) == 0 &&
                           mode != VCPU_APIC_SOFTWARE &&
                           (mode == VCPU_APIC_PAGE ||
                            (r.capability.virtual_x2apic && (without & 1u << CPU_FEATURE_VIRTUAL_X2APIC) == 0));
                assert_int_equal(registers, has);
                assert_int_equal(delivers, has && r.capability.virtual_interrupts &&
                                               (without & 1u << CPU_FEATURE_VIRTUAL_INTERRUPTS) == 0);
                assert_int_equal(secondary_has(VMX_SECONDARY_VIRTUAL_INTERRUPTS), delivers);
                assert_int_equal(open_msrs() != 0, registers && mode == VCPU_APIC_MSRS);
                bool exits = (vmcs.fields[VMCS_PRIMARY_CONTROLS] & VMX_PRIMARY_CR8_LOAD) != 0;
                assert_int_equal(exits, !registers);
                if ((vmcs.fields[VMCS_PIN_CONTROLS] & VMX_PIN_POSTED_INTERRUPTS) != 0) {
                    assert_true(delivers); /* SDM 3C 27.2.1.1 */
                }
            }
            if (without == FEATURES) {
                break;
            }
        }
    }
}

static void test_status(void **state)
{
    (void)state;
    struct rig r;
    make(&r, VMX_MODEL_HASWELL, 0);
    (void)set_mode(&r, VCPU_APIC_PAGE);
    assert_int_equal(vmcs.writes[VMCS_EOI_EXIT_0], 1); /* a new VMCS holds anything */
    memset(vmcs.writes, 0, sizeof(vmcs.writes));
    struct vcpu_apic_status status = {.requested = 0x91, .in_service = 0x51, .eoi_exits = {0, 1, 0, 2}};
    vmx_apicv_set_status(&r.vcpu, &status);
    assert_int_equal(vmcs.fields[VMCS_GUEST_INTERRUPT_STATUS], 0x5191);
    assert_int_equal(vmcs.fields[VMCS_EOI_EXIT_1], 1);
    assert_int_equal(vmcs.fields[VMCS_EOI_EXIT_3], 2);
    assert_int_equal(vmcs.writes[VMCS_EOI_EXIT_0], 0); /* unchanged ones are not written */
    vmcs.fields[VMCS_GUEST_INTERRUPT_STATUS] = 0x9100; /* the CPU delivered it */
    vmx_apicv_set_status(&r.vcpu, &status);
    assert_int_equal(vmcs.fields[VMCS_GUEST_INTERRUPT_STATUS], 0x5191);
    assert_int_equal(vmcs.writes[VMCS_EOI_EXIT_1], 1);
}

static void test_threshold(void **state)
{
    (void)state;
    struct rig r;
    make(&r, VMX_MODEL_HASWELL, cpu_feature_bit(CPU_FEATURE_VIRTUAL_INTERRUPTS));
    (void)set_mode(&r, VCPU_APIC_PAGE);
    vmx_apicv_set_threshold(&r.vcpu, 5);
    assert_int_equal(vmcs.fields[VMCS_TPR_THRESHOLD], 5);
    (void)set_mode(&r, VCPU_APIC_MSRS); /* entries check it there, SDM 3C 27.2.1.1 */
    assert_int_equal(vmcs.fields[VMCS_TPR_THRESHOLD], 0);
    vmx_apicv_set_threshold(&r.vcpu, 5);
    assert_int_equal(vmcs.fields[VMCS_TPR_THRESHOLD], 5);
}

static void test_pages(void **state)
{
    (void)state;
    struct rig r;
    fake_memory_reset(0, 0x100000);
    make(&r, VMX_MODEL_HASWELL, 0);
    vmx_apicv_set_pages(&r.vcpu, hpa(0x3000), hpa(0));
    assert_int_equal(vmcs.fields[VMCS_VIRTUAL_APIC], 0x3000);
    assert_int_equal(vmcs.writes[VMCS_APIC_ACCESS], 0);
    assert_ptr_equal(r.v.virtual_apic, phys_to_virt(hpa(0x3000)));
    vmx_apicv_set_pages(&r.vcpu, hpa(0x3000), hpa(0x5000));
    assert_int_equal(vmcs.fields[VMCS_APIC_ACCESS], 0x5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_that_haswell_has),
        cmocka_unit_test(test_msrs_of_x2apic_mode),
        cmocka_unit_test(test_every_combination),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_fields_that_are_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
