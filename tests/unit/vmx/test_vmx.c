/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/vmx.c: switching VMX on and off on a CPU that keeps the rules of SDM 3C 24.7 and 31.3 (VMXON), and that may
 * refuse. */
#include "vmx/vmx.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "kernel/core/gdt.h"
#include "kernel/core/idt.h"
#include "kernel/core/irq_dispatch.h"
#include "kernel/core/pages.h"
#include "kernel/core/percpu.h"
#include "kernel/core/vcpu_resident.h"
#include "kernel/hw/cpu.h"
#include "tests/fake/memory.h"
#include "tests/fake/msr.h"
#include "tests/fake/vmx_models.h"
#include "vmx/instructions.h"
#include "vmx/invalidate.h"
#include "vmx/msr.h"

#define BASE MIB
#define PAGES 64u
#define CR4_VMXE UINT64_C(0x2000)

static struct {
    uint64_t cr4;
    bool root;    /* in VMX operation */
    bool refuses; /* VMXON fails for a reason of its own */
    struct hpa region;
    unsigned invepts, invvpids;
} cpu;

uint64_t cpu_read_cr4(void)
{
    return cpu.cr4;
}

void cpu_write_cr4(uint64_t value)
{
    assert_false(cpu.root && (value & CR4_VMXE) == 0); /* #GP */
    cpu.cr4 = value;
}

enum vmx_result vmx_on(struct hpa region)
{
    uint32_t first;
    assert_true((cpu.cr4 & CR4_VMXE) != 0);                         /* else #UD */
    assert_int_equal(fake_msr_get(MSR_FEATURE_CONTROL) & 0x5, 0x5); /* else #GP */
    assert_true((region.v & 0xfff) == 0 && !cpu.root);
    memcpy(&first, fake_memory_at(region.v, PAGE_SIZE), sizeof(first));
    assert_int_equal(first, 0x2b); /* the model's revision, bit 31 clear */
    if (cpu.refuses) {
        return VMX_FAIL_INVALID;
    }
    cpu.root = true;
    cpu.region = region;
    return VMX_SUCCEED;
}

enum vmx_result vmx_off(void)
{
    assert_true(cpu.root);
    cpu.root = false;
    return VMX_SUCCEED;
}

void vmx_invept(uint64_t type, uint64_t eptp)
{
    assert_true(cpu.root && type == VMX_INVEPT_ALL && eptp == 0);
    cpu.invepts++;
}

void vmx_invvpid(uint64_t type, uint16_t vpid, uint64_t linear)
{
    assert_true(cpu.root && type == VMX_INVVPID_ALL && vpid == 0 && linear == 0);
    cpu.invvpids++;
}

/* Fit for VMX operation; what does not fit is tests/unit/vmx/test_operation.c's. */
uint64_t cpu_read_cr0(void)
{
    return 0x80010033;
}

/* What the backend has for guests that run; none does here. */
unsigned cpu_index(void)
{
    return 0;
}

#define UNUSED __attribute__((unused))
#define NEVER(declaration)                                                                                             \
    declaration                                                                                                        \
    {                                                                                                                  \
        fail();                                                                                                        \
        __builtin_unreachable();                                                                                       \
    }
NEVER(uint64_t cpu_read_cr3(void))
NEVER(uint64_t gdt_base(unsigned index UNUSED))
NEVER(uint64_t gdt_task_base(unsigned index UNUSED))
NEVER(uint64_t idt_base(void))
NEVER(void irq_dispatch(uint8_t vector UNUSED))
NEVER(enum vmx_result vmx_entry_run(uint64_t *gprs UNUSED, struct vmx_entry_frame *frame UNUSED))
NEVER(void vmx_take_nmi(void))
NEVER(enum status vcpu_resident_init(struct vcpu *vcpu UNUSED))
NEVER(void vcpu_resident_free(struct vcpu *vcpu UNUSED))
NEVER(void vcpu_resident_load(struct vcpu *vcpu UNUSED))
NEVER(void vcpu_resident_store(struct vcpu *vcpu UNUSED))

void vcpu_resident_cpu_enable(unsigned index)
{
    assert_int_equal(index, 0);
}

static void set_model(enum vmx_model_name name)
{
    const struct vmx_model *m = vmx_model(name);
    const struct {
        uint32_t msr;
        uint64_t value;
    } msrs[] = {
        {MSR_FEATURE_CONTROL, m->msrs.feature_control},
        {MSR_VMX_BASIC, m->msrs.basic},
        {MSR_VMX_PIN, m->msrs.pin},
        {MSR_VMX_PRIMARY, m->msrs.primary},
        {MSR_VMX_EXIT, m->msrs.exit},
        {MSR_VMX_ENTRY, m->msrs.entry},
        {MSR_VMX_MISC, m->msrs.misc},
        {MSR_VMX_CR0_FIXED0, m->msrs.cr0_fixed0},
        {MSR_VMX_CR0_FIXED1, m->msrs.cr0_fixed1},
        {MSR_VMX_CR4_FIXED0, m->msrs.cr4_fixed0},
        {MSR_VMX_CR4_FIXED1, m->msrs.cr4_fixed1},
        {MSR_VMX_SECONDARY, m->msrs.secondary},
        {MSR_VMX_EPT_VPID, m->msrs.ept_vpid},
        {MSR_VMX_TRUE_PIN, m->msrs.true_pin},
        {MSR_VMX_TRUE_PRIMARY, m->msrs.true_primary},
        {MSR_VMX_TRUE_EXIT, m->msrs.true_exit},
        {MSR_VMX_TRUE_ENTRY, m->msrs.true_entry},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(msrs); i++) {
        fake_msr_set(msrs[i].msr, msrs[i].value);
    }
    fake_cpuid_set(1, (struct cpuid){.ecx = 0x20});
    fake_cpuid_set(0x80000000, (struct cpuid){.eax = 0x80000008});
    fake_cpuid_set(0x80000008, (struct cpuid){.eax = 0x3028});
}

static int setup(void **state)
{
    (void)state;
    memset(&cpu, 0, sizeof(cpu));
    cpu.cr4 = 0x668;
    fake_msr_reset();
    fake_memory_reset(BASE, PAGES * PAGE_SIZE);
    struct memory_map map = {.count = 0};
    assert_int_equal(memory_map_add(&map, BASE, PAGES * PAGE_SIZE, MEMORY_RAM), STATUS_OK);
    assert_int_equal(pages_init(&map), STATUS_OK);
    set_model(VMX_MODEL_SKYLAKE_X);
    return 0;
}

/* CVE-2018-12207: large pages only where the CPU says that it is safe, and under Bochs. */
static void large_pages_where_they_are_safe(void **state)
{
    (void)state;
    assert_int_equal(vmx_backend.nested_max_leaf(), 3); /* Bochs */
    set_model(VMX_MODEL_SANDY_BRIDGE);
    assert_int_equal(vmx_backend.nested_max_leaf(), 2);
    set_model(VMX_MODEL_SKYLAKE_CLIENT);
    fake_cpuid_set(0, (struct cpuid){.eax = 6});
    fake_cpuid_set(7, (struct cpuid){.edx = 1 << 29});
    fake_msr_set(MSR_ARCH_CAPABILITIES, 1 << 6);
    assert_int_equal(vmx_backend.nested_max_leaf(), 1); /* leaf 7 does not exist: the MSR is not read */
    fake_cpuid_set(0, (struct cpuid){.eax = 7});
    assert_int_equal(vmx_backend.nested_max_leaf(), 3);
    fake_msr_set(MSR_ARCH_CAPABILITIES, 0xffffffbf);
    assert_int_equal(vmx_backend.nested_max_leaf(), 1);
    fake_cpuid_set(7, (struct cpuid){.edx = 0});
    assert_int_equal(vmx_backend.nested_max_leaf(), 1);
}

static void on_and_off(void **state)
{
    (void)state;
    uint64_t used = pages_used_bytes();
    vmx_backend.configure(0);
    assert_null(vmx_backend.refuse());
    for (unsigned round = 0; round < 3; round++) {
        assert_int_equal(vmx_backend.cpu_enable(0), STATUS_OK);
        assert_true(cpu.root && cpu.cr4 == (0x668 | CR4_VMXE));
        assert_int_equal(pages_used_bytes(), used + PAGE_SIZE);
        assert_int_equal(cpu.invepts, round + 1); /* nothing that other software left is used */
        assert_int_equal(cpu.invvpids, round + 1);
        vmx_backend.cpu_disable(0);
        assert_true(!cpu.root && cpu.cr4 == 0x668);
        assert_int_equal(pages_used_bytes(), used);
    }
    assert_int_equal(fake_msr_writes(), 0); /* FEATURE_CONTROL was locked, with VMX on */
}

static void feature_control_is_opened_and_locked(void **state)
{
    (void)state;
    fake_msr_set(MSR_FEATURE_CONTROL, 0x100000);
    assert_null(vmx_backend.refuse());
    assert_int_equal(vmx_backend.cpu_enable(0), STATUS_OK);
    assert_int_equal(fake_msr_get(MSR_FEATURE_CONTROL), 0x100005);
    assert_int_equal(fake_msr_writes(), 1);
    vmx_backend.cpu_disable(0);
}

static void assert_nothing_changed(uint64_t used)
{
    assert_true(!cpu.root && cpu.cr4 == 0x668);
    assert_int_equal(pages_used_bytes(), used);
    assert_int_equal(fake_msr_writes(), 0);
    assert_int_equal(cpu.invepts + cpu.invvpids, 0);
}

static void vmx_locked_off_is_refused(void **state)
{
    (void)state;
    uint64_t used = pages_used_bytes();
    fake_msr_set(MSR_FEATURE_CONTROL, 0x1);
    assert_non_null(strstr(vmx_backend.refuse(), "firmware locked Intel VMX off"));
    assert_int_equal(vmx_backend.cpu_enable(0), STATUS_UNSUPPORTED);
    assert_nothing_changed(used);
}

static void a_lack_is_refused(void **state)
{
    (void)state;
    uint64_t used = pages_used_bytes();
    fake_msr_set(MSR_VMX_SECONDARY, vmx_model(VMX_MODEL_PENRYN)->msrs.secondary);
    assert_non_null(strstr(vmx_backend.refuse(), "no EPT"));
    assert_int_equal(vmx_backend.cpu_enable(0), STATUS_UNSUPPORTED);
    assert_nothing_changed(used);
}

static void vmxon_that_fails_leaves_nothing_behind(void **state)
{
    (void)state;
    uint64_t used = pages_used_bytes();
    cpu.refuses = true;
    assert_int_equal(vmx_backend.cpu_enable(0), STATUS_HARDWARE);
    assert_nothing_changed(used);
    cpu.refuses = false;
    assert_int_equal(vmx_backend.cpu_enable(0), STATUS_OK);
    vmx_backend.cpu_disable(0);
}

static void no_page_for_the_region(void **state)
{
    (void)state;
    struct hpa page;
    while (pages_alloc(&page) == STATUS_OK) {
    }
    uint64_t used = pages_used_bytes();
    assert_int_equal(vmx_backend.cpu_enable(0), STATUS_NO_MEMORY);
    assert_nothing_changed(used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(large_pages_where_they_are_safe, setup),
        cmocka_unit_test_setup(on_and_off, setup),
        cmocka_unit_test_setup(feature_control_is_opened_and_locked, setup),
        cmocka_unit_test_setup(vmx_locked_off_is_refused, setup),
        cmocka_unit_test_setup(a_lack_is_refused, setup),
        cmocka_unit_test_setup(vmxon_that_fails_leaves_nothing_behind, setup),
        cmocka_unit_test_setup(no_page_for_the_region, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
