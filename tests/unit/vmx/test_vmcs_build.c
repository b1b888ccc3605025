/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/vmcs_build.c and vmx/entry_state.c: a new VMCS after a reset passes every entry check that vmx/entry_check.c
 * knows, on every model, and what a guest can break is named. */
#include "vmx/vmcs_build.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "kernel/core/vcpu_resident.h"
#include "tests/fake/vmcs.h"
#include "tests/fake/vmx_models.h"
#include "vmx/current.h"
#include "vmx/entry_state.h"
#include "vmx/host_state.h"
#include "vmx/registers.h"

static struct vcpu vcpu;
static struct vmx_vcpu data;
static struct vmx_capability capability;
static uint8_t apic[4096];

/* A 64-bit host as kernel/core sets it up. */
void vmx_host_state_write(unsigned cpu)
{
    static const struct {
        enum vmcs_field field;
        uint64_t value;
    } fields[] = {
        {VMCS_HOST_CR0, 0x80010033},      {VMCS_HOST_CR3, 0x200000},       {VMCS_HOST_CR4, 0x2668},
        {VMCS_HOST_PAT, 0x7040600070406}, {VMCS_HOST_EFER, 0xd00},         {VMCS_HOST_RIP, 0x200000},
        {VMCS_HOST_SYSENTER_CS, 0},       {VMCS_HOST_SYSENTER_ESP, 0},     {VMCS_HOST_SYSENTER_EIP, 0},
        {VMCS_HOST_CS_SELECTOR, 8},       {VMCS_HOST_SS_SELECTOR, 16},     {VMCS_HOST_DS_SELECTOR, 16},
        {VMCS_HOST_ES_SELECTOR, 16},      {VMCS_HOST_FS_SELECTOR, 0},      {VMCS_HOST_GS_SELECTOR, 0},
        {VMCS_HOST_TR_SELECTOR, 24},      {VMCS_HOST_FS_BASE, 0},          {VMCS_HOST_GS_BASE, 0x210000},
        {VMCS_HOST_TR_BASE, 0x220000},    {VMCS_HOST_GDTR_BASE, 0x230000}, {VMCS_HOST_IDTR_BASE, 0x240000},
    };
    assert_int_equal(cpu, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        fake_vmcs_set(fields[i].field, fields[i].value);
    }
}

void vcpu_resident_reset(struct vcpu *v)
{
    (void)v;
}

static const struct cpu_backend backend = {
    .read = vmx_registers_read,
    .write = vmx_registers_write,
    .read_segment = vmx_registers_read_segment,
    .write_segment = vmx_registers_write_segment,
};

static void build(enum vmx_model_name model)
{
    struct vmx_controls controls;
    const char *missing;
    capability = vmx_model_capability(model);
    assert_int_equal(vmx_controls_make(&capability, UINT32_MAX, &controls, &missing), STATUS_OK);
    fake_vmcs_reset();
    memset(apic, 0, sizeof(apic));
    data = (struct vmx_vcpu){.vmcs = {0x1000}, .virtual_apic = apic, .eptp = vmx_eptp(&capability, hpa(0x300000))};
    vcpu = (struct vcpu){.data = &data, .backend = &backend};
    vmx_current_drop(&vcpu);
    vmx_current_make(&vcpu);
    const struct vmcs_build setup = {
        .capability = &capability,
        .controls = &controls,
        .msr_bitmap = {0x2000},
        .io_bitmap_a = {0x3000},
        .io_bitmap_b = {0x4000},
        .virtual_apic = {0x5000},
    };
    vmcs_build(&vcpu, &setup);
    /* what no test of this file is about, and some CPUs have */
    fake_vmcs_set(VMCS_APIC_ACCESS, 0);
    fake_vmcs_set(VMCS_POSTED_DESCRIPTOR, 0);
    fake_vmcs_set(VMCS_POSTED_VECTOR, 0);
    fake_vmcs_set(VMCS_GUEST_INTERRUPT_STATUS, 0);
    vcpu_reset(&vcpu, VCPU_RESET_POWER_ON, 0);
    vmx_registers_load(&vcpu);
}

static int setup(void **state)
{
    (void)state;
    build(VMX_MODEL_SKYLAKE_X);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vmx_current_drop(&vcpu);
    return 0;
}

static const char *explain(void)
{
    return vmx_entry_state_explain(&data, &capability, "passes");
}

static void a_reset_vcpu_may_enter_on_every_model(void **state)
{
    (void)state;
    for (unsigned model = VMX_MODEL_SANDY_BRIDGE; model < VMX_MODEL_COUNT; model++) {
        build(model);
        assert_string_equal(explain(), "passes");
    }
}

static void long_mode_may_enter(void **state)
{
    (void)state;
    vmx_registers_write(&vcpu, VCPU_CR4, 0x20);
    vmx_registers_write(&vcpu, VCPU_CR3, 0x1000);
    vmx_registers_write(&vcpu, VCPU_EFER, 0x500);
    vmx_registers_write(&vcpu, VCPU_CR0, 0x80010031);
    vmx_registers_write_segment(&vcpu, VCPU_CS, (struct vcpu_segment){0, UINT32_MAX, 0x10, 0xa09b});
    assert_string_equal(explain(), "passes");
    vmx_registers_write(&vcpu, VCPU_CR4, 0); /* long mode without PAE */
    assert_string_not_equal(explain(), "passes");
    assert_non_null(strstr(explain(), "SDM 3C"));
}

static void what_a_guest_breaks_is_named(void **state)
{
    (void)state;
    vcpu.rflags = 0x8002; /* a reserved bit */
    vmx_registers_load(&vcpu);
    assert_non_null(strstr(explain(), "RFLAGS"));
    vcpu.rflags = 2;
    vmx_registers_load(&vcpu);
    vmx_registers_write(&vcpu, VCPU_CR4, UINT64_C(1) << 40);
    assert_non_null(strstr(explain(), "CR4"));
}

static void a_clear_vmcs_holds_nothing_of_an_earlier_one(void **state)
{
    (void)state;
    assert_int_equal(fake_vmcs_get(VMCS_ENTRY_EVENT), 0);
    assert_int_equal(fake_vmcs_get(VMCS_LINK_POINTER), UINT64_MAX);
    assert_int_equal(fake_vmcs_get(VMCS_EXCEPTION_BITMAP), 1 << 1 | 1 << 17 | 1 << 18);
    assert_int_equal(fake_vmcs_get(VMCS_IO_BITMAP_B), 0x4000);
}

static void instruction_errors_have_words(void **state)
{
    (void)state;
    assert_string_equal(vmx_entry_state_error(7), "VM entry with invalid control fields");
    assert_string_equal(vmx_entry_state_error(8), "VM entry with invalid host state");
    for (uint32_t error = 0; error < 100; error++) {
        assert_non_null(vmx_entry_state_error(error));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reset_vcpu_may_enter_on_every_model, setup, teardown),
        cmocka_unit_test_setup_teardown(long_mode_may_enter, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_guest_breaks_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_clear_vmcs_holds_nothing_of_an_earlier_one, setup, teardown),
        cmocka_unit_test_setup_teardown(instruction_errors_have_words, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
