/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/capability.c: fields of real capability MSRs, which MSRs are read, and the words of each refusal. */
#include "vmx/capability.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "tests/fake/msr.h"
#include "tests/fake/vmx_models.h"
#include "vmx/msr.h"

static void bochs_skylake_has_what_its_msrs_say(void **state)
{
    (void)state;
    struct vmx_capability c = vmx_model_capability(VMX_MODEL_SKYLAKE_X);
    assert_true(c.vmx && !c.locked_off && c.true_controls && c.vmcs_write_back);
    assert_false(c.vmcs_below_4g || c.injects_any_error);
    assert_int_equal(c.revision, 0x2b);
    assert_int_equal(c.vmcs_bytes, 4096);
    assert_int_equal(c.physical_bits, 40);
    assert_int_equal(c.linear_bits, 48);
    assert_int_equal(c.timer_shift, 0);
    assert_int_equal(c.cr3_targets, 4);
    assert_true(c.activity_hlt && c.activity_shutdown && c.activity_wait_sipi);
    assert_true(c.zero_length_injection);
    assert_true(c.ept && c.ept_uncached && c.ept_2m && c.ept_1g && c.ept_ad && !c.ept_5_levels);
    assert_true(c.invept && c.invept_single && c.invept_all);
    assert_true(c.vpid && c.invvpid && c.invvpid_all);
    assert_true(c.virtual_nmis && c.tpr_shadow && c.io_bitmaps);
    assert_true(c.preemption_timer);
    assert_true(c.apic_access && c.apic_registers && c.virtual_x2apic && c.virtual_interrupts);
    assert_true(c.rdtscp);
    assert_false(c.posted_interrupts);
    assert_int_equal(c.pin.must, 0x16);
    assert_int_equal(c.pin.may, 0x7f);
    assert_int_equal(c.primary.must, 0x04006172); /* the true MSR: CR3 exiting may be off */
    assert_int_equal(c.cr4_fixed1, 0x3727ff);
}

static void models_differ_where_they_should(void **state)
{
    (void)state;
    struct vmx_capability c = vmx_model_capability(VMX_MODEL_SANDY_BRIDGE);
    assert_true(c.ept && c.ept_2m && c.vpid && c.apic_access && c.rdtscp && c.virtual_x2apic);
    assert_false(c.ept_1g || c.ept_ad || c.apic_registers || c.virtual_interrupts);
    c = vmx_model_capability(VMX_MODEL_HASWELL);
    assert_true(c.apic_registers && c.virtual_interrupts && c.ept_ad);
    assert_false(c.zero_length_injection);
    c = vmx_model_capability(VMX_MODEL_ICELAKE);
    assert_int_equal(c.revision, 4);
    c = vmx_model_capability(VMX_MODEL_SKYLAKE_CLIENT);
    assert_false(c.apic_registers || c.virtual_interrupts || c.locked_off);
    assert_int_equal(c.vmcs_bytes, 0x400);
    assert_int_equal(c.timer_shift, 7);
    c = vmx_model_capability(VMX_MODEL_SERVER);
    assert_true(c.posted_interrupts);
}

static void legacy_msrs_count_without_the_true_ones(void **state)
{
    (void)state;
    struct vmx_msrs m = vmx_model(VMX_MODEL_SKYLAKE_X)->msrs;
    m.basic &= ~(UINT64_C(1) << 55);
    struct vmx_capability c = vmx_capability_make(&m, &vmx_model(VMX_MODEL_SKYLAKE_X)->cpuid);
    assert_int_equal(c.primary.must, 0x0401e172);
    assert_non_null(strstr(vmx_capability_refusal(&c), "CR3 exiting"));
}

static void enough_is_enough(void **state)
{
    (void)state;
    for (unsigned i = VMX_MODEL_SANDY_BRIDGE; i < VMX_MODEL_COUNT; i++) {
        struct vmx_capability c = vmx_model_capability(i);
        assert_null(vmx_capability_refusal(&c));
    }
}

static void each_lack_has_its_words(void **state)
{
    (void)state;
    const struct vmx_model *good = vmx_model(VMX_MODEL_SKYLAKE_X);
    static const struct {
        size_t field; /* of struct vmx_msrs */
        uint64_t clear;
        const char *words;
    } cases[] = {
        {offsetof(struct vmx_msrs, feature_control), 0x4, "firmware locked"},
        {offsetof(struct vmx_msrs, basic), 0x1fffULL << 32, "one write-back page"},
        {offsetof(struct vmx_msrs, basic), 0xfULL << 50, "one write-back page"},
        {offsetof(struct vmx_msrs, true_primary), 1ULL << 63, "no secondary controls"},
        {offsetof(struct vmx_msrs, secondary), 1ULL << 33, "no EPT"},
        {offsetof(struct vmx_msrs, ept_vpid), 1ULL << 6, "4 levels"},
        {offsetof(struct vmx_msrs, ept_vpid), 1ULL << 14, "write-back"},
        {offsetof(struct vmx_msrs, secondary), 1ULL << 39, "unrestricted guest"},
        {offsetof(struct vmx_msrs, ept_vpid), 1ULL << 20, "without an INVEPT"},
        {offsetof(struct vmx_msrs, ept_vpid), 3ULL << 25, "without an INVEPT"},
        {offsetof(struct vmx_msrs, true_primary), 1ULL << 60, "MSR bitmaps"},
        {offsetof(struct vmx_msrs, true_primary), 1ULL << 53, "TPR shadow"},
        {offsetof(struct vmx_msrs, true_pin), 1ULL << 37, "virtual NMIs"},
        {offsetof(struct vmx_msrs, true_entry), 1ULL << 47, "IA32_EFER by entries"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vmx_msrs m = good->msrs;
        *(uint64_t *)((char *)&m + cases[i].field) &= ~cases[i].clear;
        struct vmx_capability c = vmx_capability_make(&m, &good->cpuid);
        const char *refusal = vmx_capability_refusal(&c);
        assert_non_null(refusal);
        if (strstr(refusal, cases[i].words) == NULL) {
            fail_msg("case %zu: %s", i, refusal);
        }
    }
    struct vmx_capability c = vmx_model_capability(VMX_MODEL_PENRYN);
    assert_non_null(strstr(vmx_capability_refusal(&c), "no EPT (extended page tables)"));
    assert_int_equal(c.physical_bits, 40);
    struct vmx_cpuid none = {.physical_bits = 36, .linear_bits = 48};
    c = vmx_capability_make(&good->msrs, &none);
    assert_non_null(strstr(vmx_capability_refusal(&c), "no Intel VMX"));
    assert_false(c.ept);
}

static void one_kind_of_invept_is_enough(void **state)
{
    (void)state;
    for (unsigned bit = 25; bit <= 26; bit++) {
        struct vmx_msrs m = vmx_model(VMX_MODEL_SKYLAKE_X)->msrs;
        m.ept_vpid &= ~(UINT64_C(1) << bit);
        struct vmx_capability c = vmx_capability_make(&m, &vmx_model(VMX_MODEL_SKYLAKE_X)->cpuid);
        assert_null(vmx_capability_refusal(&c));
        assert_int_equal(c.invept_single, bit != 25);
        assert_int_equal(c.invept_all, bit != 26);
    }
}

static void set_cpuid(const struct vmx_cpuid *id)
{
    fake_cpuid_set(1, (struct cpuid){.ecx = id->vmx ? 0x20 : 0});
    fake_cpuid_set(0x80000000, (struct cpuid){.eax = 0x80000008});
    fake_cpuid_set(0x80000008, (struct cpuid){.eax = id->physical_bits | id->linear_bits << 8});
}

static void set_always_there(const struct vmx_msrs *m)
{
    fake_msr_set(MSR_FEATURE_CONTROL, m->feature_control);
    fake_msr_set(MSR_VMX_BASIC, m->basic);
    fake_msr_set(MSR_VMX_PIN, m->pin);
    fake_msr_set(MSR_VMX_PRIMARY, m->primary);
    fake_msr_set(MSR_VMX_EXIT, m->exit);
    fake_msr_set(MSR_VMX_ENTRY, m->entry);
    fake_msr_set(MSR_VMX_MISC, m->misc);
    fake_msr_set(MSR_VMX_CR0_FIXED0, m->cr0_fixed0);
    fake_msr_set(MSR_VMX_CR0_FIXED1, m->cr0_fixed1);
    fake_msr_set(MSR_VMX_CR4_FIXED0, m->cr4_fixed0);
    fake_msr_set(MSR_VMX_CR4_FIXED1, m->cr4_fixed1);
}

static void reading_gives_what_the_maker_makes(void **state)
{
    (void)state;
    const struct vmx_model *model = vmx_model(VMX_MODEL_HASWELL);
    fake_msr_reset();
    set_cpuid(&model->cpuid);
    set_always_there(&model->msrs);
    fake_msr_set(MSR_VMX_TRUE_PIN, model->msrs.true_pin);
    fake_msr_set(MSR_VMX_TRUE_PRIMARY, model->msrs.true_primary);
    fake_msr_set(MSR_VMX_TRUE_EXIT, model->msrs.true_exit);
    fake_msr_set(MSR_VMX_TRUE_ENTRY, model->msrs.true_entry);
    fake_msr_set(MSR_VMX_SECONDARY, model->msrs.secondary);
    fake_msr_set(MSR_VMX_EPT_VPID, model->msrs.ept_vpid);
    struct vmx_capability got, want;
    memset(&got, 0, sizeof(got));
    got = vmx_capability_read();
    want = vmx_model_capability(VMX_MODEL_HASWELL);
    assert_int_equal(got.secondary.may, want.secondary.may);
    assert_int_equal(got.primary.must, want.primary.must);
    assert_int_equal(got.physical_bits, want.physical_bits);
    assert_int_equal(got.cr4_fixed1, want.cr4_fixed1);
    assert_true(got.ept_1g && got.invvpid_all && got.virtual_interrupts);
    assert_null(vmx_capability_refusal(&got));
    assert_int_equal(fake_msr_writes(), 0);
}

/* The fake ends the test at the first MSR that was not set. */
static void only_msrs_that_exist_are_read(void **state)
{
    (void)state;
    fake_msr_reset();
    assert_false(vmx_capability_read().vmx); /* no VMX, no MSR at all */

    struct vmx_msrs m = vmx_model(VMX_MODEL_PENRYN)->msrs;
    m.basic &= ~(UINT64_C(1) << 55);
    fake_msr_reset();
    set_cpuid(&(struct vmx_cpuid){.vmx = true, .physical_bits = 36, .linear_bits = 48});
    set_always_there(&m);
    fake_msr_set(MSR_VMX_SECONDARY, m.secondary); /* no EPT, no VPID: no MSR of theirs */
    assert_non_null(strstr(vmx_capability_refusal(&(struct vmx_capability){0}), "no Intel VMX"));
    struct vmx_capability c = vmx_capability_read();
    assert_non_null(strstr(vmx_capability_refusal(&c), "no EPT"));

    m.primary &= ~(UINT64_C(1) << 63);
    fake_msr_reset();
    set_cpuid(&(struct vmx_cpuid){.vmx = true, .physical_bits = 36, .linear_bits = 48});
    set_always_there(&m);
    c = vmx_capability_read();
    assert_non_null(strstr(vmx_capability_refusal(&c), "no secondary controls"));
}

static void widths_without_the_leaf_are_the_smallest(void **state)
{
    (void)state;
    fake_msr_reset();
    fake_cpuid_set(0x80000000, (struct cpuid){.eax = 0x80000007});
    struct vmx_capability c = vmx_capability_read();
    assert_int_equal(c.physical_bits, 36);
    assert_int_equal(c.linear_bits, 48);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bochs_skylake_has_what_its_msrs_say),
        cmocka_unit_test(models_differ_where_they_should),
        cmocka_unit_test(legacy_msrs_count_without_the_true_ones),
        cmocka_unit_test(enough_is_enough),
        cmocka_unit_test(each_lack_has_its_words),
        cmocka_unit_test(one_kind_of_invept_is_enough),
        cmocka_unit_test(reading_gives_what_the_maker_makes),
        cmocka_unit_test(only_msrs_that_exist_are_read),
        cmocka_unit_test(widths_without_the_leaf_are_the_smallest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
