/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/controls.c: the control fields for real capability MSRs, each missing requirement, each feature left out. */
#include "vmx/controls.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "kernel/core/cpu_feature.h"
#include "tests/fake/vmx_models.h"

static struct vmx_controls made(enum vmx_model_name name, uint32_t without)
{
    struct vmx_capability c = vmx_model_capability(name);
    struct vmx_controls out;
    const char *missing = "?";
    assert_int_equal(vmx_controls_make(&c, without, &out, &missing), STATUS_OK);
    assert_null(missing);
    return out;
}

/* Written out by hand from SDM 3C tables 25-5 to 25-15 and the MSRs of the models. */
static void whole_values_of_the_models(void **state)
{
    (void)state;
    static const struct {
        enum vmx_model_name name;
        struct vmx_controls want;
    } cases[] = {
        {VMX_MODEL_SANDY_BRIDGE, {0x3f, 0xb6206dfa, 0xea, 0x3f6fff, 0xd1ff}},
        {VMX_MODEL_HASWELL, {0x3f, 0xb6206dfa, 0x13eb, 0x3f6fff, 0xd1ff}},
        {VMX_MODEL_SKYLAKE_X, {0x3f, 0xb6206dfa, 0x1013eb, 0x3f6fff, 0xd1ff}},
        {VMX_MODEL_SERVER, {0xbf, 0xb6206dfa, 0x1013eb, 0x3fefff, 0xd1ff}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vmx_controls got = made(cases[i].name, 0);
        assert_int_equal(got.pin, cases[i].want.pin);
        assert_int_equal(got.primary, cases[i].want.primary);
        assert_int_equal(got.secondary, cases[i].want.secondary);
        assert_int_equal(got.exit, cases[i].want.exit);
        assert_int_equal(got.entry, cases[i].want.entry);
    }
}

/* SDM 3C 27.2.1.1 and 27.2.1.2, for every model and every set of features left out. */
static void no_value_breaks_a_rule(void **state)
{
    (void)state;
    for (unsigned m = VMX_MODEL_SANDY_BRIDGE; m < VMX_MODEL_COUNT; m++) {
        struct vmx_capability c = vmx_model_capability(m);
        for (uint32_t without = 0; without < 1u << CPU_FEATURE_COUNT; without++) {
            struct vmx_controls initial = made(m, without);
            for (unsigned mode = VMX_APIC_OFF; mode <= VMX_APIC_X2APIC; mode++) {
                struct vmx_controls k = vmx_controls_apic_mode(&c, without, initial, mode);
                assert_int_equal(k.pin & ~c.pin.may, 0);
                assert_int_equal(~k.pin & c.pin.must, 0);
                assert_int_equal(k.primary & ~c.primary.may, 0);
                assert_int_equal(~k.primary & c.primary.must, 0);
                assert_int_equal(k.secondary & ~c.secondary.may, 0);
                assert_int_equal(k.exit & ~c.exit.may, 0);
                assert_int_equal(~k.exit & c.exit.must, 0);
                assert_int_equal(k.entry & ~c.entry.may, 0);
                assert_int_equal(~k.entry & c.entry.must, 0);
                bool x2apic = (k.secondary & VMX_SECONDARY_VIRTUAL_X2APIC) != 0;
                bool access = (k.secondary & VMX_SECONDARY_APIC_ACCESS) != 0;
                bool registers = (k.secondary & VMX_SECONDARY_APIC_REGISTERS) != 0;
                bool interrupts = (k.secondary & VMX_SECONDARY_VIRTUAL_INTERRUPTS) != 0;
                bool posted = (k.pin & VMX_PIN_POSTED_INTERRUPTS) != 0;
                assert_false(x2apic && access);
                assert_true(registers == (x2apic || access)); /* our own: never one of them alone */
                assert_true(registers || !interrupts);
                assert_true(interrupts || !posted);
                assert_true(!posted || (k.exit & VMX_EXIT_ACK_INTERRUPT) != 0);
                assert_true(!access || mode == VMX_APIC_XAPIC);
                assert_true(!x2apic || mode == VMX_APIC_X2APIC);
            }
        }
    }
}

static void each_feature_can_be_left_out(void **state)
{
    (void)state;
    struct vmx_capability c = vmx_model_capability(VMX_MODEL_SERVER);
    static const struct {
        enum cpu_feature feature;
        uint32_t pin, secondary; /* bits that are gone with it */
    } cases[] = {
        {CPU_FEATURE_APIC_REGISTERS, 0x80, 0x301}, {CPU_FEATURE_VIRTUAL_INTERRUPTS, 0x80, 0x200},
        {CPU_FEATURE_POSTED_INTERRUPTS, 0x80, 0},  {CPU_FEATURE_VPID, 0, 0x20},
        {CPU_FEATURE_VIRTUAL_X2APIC, 0, 0},        {CPU_FEATURE_SHARED_TABLES, 0, 0},
    };
    struct vmx_controls all = made(VMX_MODEL_SERVER, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vmx_controls k = made(VMX_MODEL_SERVER, cpu_feature_bit(cases[i].feature));
        assert_int_equal(all.pin & ~k.pin, cases[i].pin);
        assert_int_equal(all.secondary & ~k.secondary, cases[i].secondary);
        assert_int_equal(all.exit & ~k.exit, cases[i].pin != 0 ? VMX_EXIT_ACK_INTERRUPT : 0);
        assert_int_equal(k.primary, all.primary);
    }
    assert_int_equal(vmx_controls_timer(&c, 0), VMX_PIN_PREEMPTION_TIMER);
    assert_int_equal(vmx_controls_timer(&c, cpu_feature_bit(CPU_FEATURE_PREEMPTION_TIMER)), 0);
    c = vmx_model_capability(VMX_MODEL_PENRYN);
    assert_int_equal(vmx_controls_timer(&c, 0), 0);
}

static void vpid_needs_a_way_to_forget(void **state)
{
    (void)state;
    struct vmx_capability c = vmx_model_capability(VMX_MODEL_SKYLAKE_X);
    c.invvpid_all = false;
    struct vmx_controls k;
    const char *missing;
    assert_int_equal(vmx_controls_make(&c, 0, &k, &missing), STATUS_OK);
    assert_int_equal(k.secondary & VMX_SECONDARY_VPID, 0);
}

static void the_apic_mode_changes_its_controls(void **state)
{
    (void)state;
    struct vmx_capability c = vmx_model_capability(VMX_MODEL_SERVER);
    struct vmx_controls initial = made(VMX_MODEL_SERVER, 0);
    assert_int_equal(vmx_controls_apic_mode(&c, 0, initial, VMX_APIC_XAPIC).secondary, initial.secondary);
    struct vmx_controls k = vmx_controls_apic_mode(&c, 0, initial, VMX_APIC_X2APIC);
    assert_int_equal(k.secondary & 0x311, 0x310);
    assert_int_equal(k.pin, initial.pin);
    uint32_t without = cpu_feature_bit(CPU_FEATURE_VIRTUAL_X2APIC);
    k = vmx_controls_apic_mode(&c, without, initial, VMX_APIC_X2APIC);
    assert_int_equal(k.secondary & 0x311, 0);
    assert_int_equal(k.pin & VMX_PIN_POSTED_INTERRUPTS, 0);
    k = vmx_controls_apic_mode(&c, 0, initial, VMX_APIC_OFF);
    assert_int_equal(k.secondary & 0x311, 0);
    assert_int_equal(k.primary, initial.primary);
    c.virtual_x2apic = false;
    assert_int_equal(vmx_controls_apic_mode(&c, 0, initial, VMX_APIC_X2APIC).secondary & 0x311, 0);
}

static struct vmx_allowed *field_of(struct vmx_capability *c, unsigned field)
{
    struct vmx_allowed *fields[] = {&c->pin, &c->primary, &c->secondary, &c->exit, &c->entry};
    return fields[field];
}

/* Every control that is set, or may be set later, is either required (its loss is refused in words of its own) or
 * does without. */
static void each_required_bit_is_missed(void **state)
{
    (void)state;
    static const struct {
        unsigned field, bit;
        const char *words;
    } cases[] = {
        {1, 31, "secondary"},
        {2, 1, "EPT"},
        {2, 7, "unrestricted"},
        {1, 28, "MSR bitmaps"},
        {1, 25, "I/O bitmaps"},
        {1, 21, "TPR shadow"},
        {1, 3, "TSC"},
        {1, 7, "HLT"},
        {1, 2, "interrupt-"},
        {1, 22, "NMI-window"},
        {1, 29, "MONITOR"},
        {1, 10, "MWAIT"},
        {1, 11, "RDPMC"},
        {0, 0, "external-"},
        {0, 3, "NMI exiting"},
        {0, 5, "virtual NMIs"},
        {3, 9, "64-bit host"},
        {3, 20, "saving of IA32_EFER"},
        {3, 21, "loading of IA32_EFER by exits"},
        {3, 18, "saving of IA32_PAT"},
        {3, 19, "loading of IA32_PAT by exits"},
        {3, 2, "debug controls by exits"},
        {4, 9, "64-bit guests"},
        {4, 15, "IA32_EFER by entries"},
        {4, 14, "IA32_PAT by entries"},
        {4, 2, "debug controls by entries"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vmx_capability c = vmx_model_capability(VMX_MODEL_SERVER);
        struct vmx_controls k;
        const char *missing = NULL;
        field_of(&c, cases[i].field)->may &= ~BIT32(cases[i].bit);
        assert_int_equal(vmx_controls_make(&c, 0, &k, &missing), STATUS_UNSUPPORTED);
        assert_non_null(missing);
        if (strstr(missing, cases[i].words) == NULL) {
            fail_msg("case %zu: %s", i, missing);
        }
    }
    static const uint8_t optional[] = {0, 3, 5, 6, 8, 9, 12, 20};
    for (size_t i = 0; i < ARRAY_LENGTH(optional); i++) {
        struct vmx_capability c = vmx_model_capability(VMX_MODEL_SERVER);
        struct vmx_msrs m = vmx_model(VMX_MODEL_SERVER)->msrs;
        m.secondary &= ~(UINT64_C(1) << (32 + optional[i]));
        c = vmx_capability_make(&m, &vmx_model(VMX_MODEL_SERVER)->cpuid);
        struct vmx_controls k;
        const char *missing = NULL;
        assert_int_equal(vmx_controls_make(&c, 0, &k, &missing), STATUS_OK);
        assert_int_equal(k.secondary & BIT32(optional[i]), 0);
    }
}

static void a_control_forced_on_is_refused(void **state)
{
    (void)state;
    struct vmx_controls k;
    const char *missing = NULL;
    struct vmx_capability c = vmx_model_capability(VMX_MODEL_SERVER);
    c.primary.must |= VMX_PRIMARY_CR3_LOAD;
    assert_int_equal(vmx_controls_make(&c, 0, &k, &missing), STATUS_UNSUPPORTED);
    assert_non_null(strstr(missing, "CR3"));
    c = vmx_model_capability(VMX_MODEL_SERVER);
    c.pin.must |= VMX_PIN_PREEMPTION_TIMER;
    assert_int_equal(vmx_controls_make(&c, 0, &k, &missing), STATUS_UNSUPPORTED);
    c = vmx_model_capability(VMX_MODEL_SERVER);
    c.pin.must |= VMX_PIN_NMI; /* one that is set anyway */
    assert_int_equal(vmx_controls_make(&c, 0, &k, &missing), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_values_of_the_models),         cmocka_unit_test(no_value_breaks_a_rule),
        cmocka_unit_test(each_feature_can_be_left_out),       cmocka_unit_test(vpid_needs_a_way_to_forget),
        cmocka_unit_test(the_apic_mode_changes_its_controls), cmocka_unit_test(each_required_bit_is_missed),
        cmocka_unit_test(a_control_forced_on_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
