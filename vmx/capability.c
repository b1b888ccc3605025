/* SPDX-License-Identifier: GPL-2.0-only
 * VMX's capability bits. */
#include "vmx/capability.h"

#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/lib/bits.h"
#include "vmx/controls.h"
#include "vmx/feature_control.h"
#include "vmx/msr.h"

enum {
    MEMORY_TYPE_WRITE_BACK = 6,
    CPUID_1_ECX_VMX = 1 << 5,
    CPUID_7_EDX_ARCH_CAPABILITIES = 1 << 29,
    IF_PSCHANGE_MC_NO = 6, /* bit of IA32_ARCH_CAPABILITIES */
};

static bool bit(uint64_t v, unsigned n)
{
    return (v & BIT64(n)) != 0;
}

static struct vmx_allowed allowed(uint64_t msr)
{
    return (struct vmx_allowed){.must = (uint32_t)msr, .may = (uint32_t)(msr >> 32)};
}

static void take_basic(struct vmx_capability *c, uint64_t basic)
{
    c->revision = (uint32_t)bits_get(basic, 30, 0);
    c->vmcs_bytes = (uint32_t)bits_get(basic, 44, 32);
    c->vmcs_below_4g = bit(basic, 48);
    c->vmcs_write_back = bits_get(basic, 53, 50) == MEMORY_TYPE_WRITE_BACK;
    c->true_controls = bit(basic, 55);
    c->injects_any_error = bit(basic, 56);
}

static void take_misc(struct vmx_capability *c, uint64_t misc)
{
    c->timer_shift = (unsigned)bits_get(misc, 4, 0);
    c->activity_hlt = bit(misc, 6);
    c->activity_shutdown = bit(misc, 7);
    c->activity_wait_sipi = bit(misc, 8);
    c->cr3_targets = (unsigned)bits_get(misc, 24, 16);
    c->zero_length_injection = bit(misc, 30);
}

static void take_fixed(struct vmx_capability *c, const struct vmx_msrs *m)
{
    c->cr0_fixed0 = m->cr0_fixed0;
    c->cr0_fixed1 = m->cr0_fixed1;
    c->cr4_fixed0 = m->cr4_fixed0;
    c->cr4_fixed1 = m->cr4_fixed1;
}

static void take_controls(struct vmx_capability *c, const struct vmx_msrs *m)
{
    bool exact = c->true_controls;
    c->pin = allowed(exact ? m->true_pin : m->pin);
    c->primary = allowed(exact ? m->true_primary : m->primary);
    c->exit = allowed(exact ? m->true_exit : m->exit);
    c->entry = allowed(exact ? m->true_entry : m->entry);
    if ((c->primary.may & VMX_PRIMARY_SECONDARY) != 0) {
        c->secondary = allowed(m->secondary);
    }
}

static void name_controls(struct vmx_capability *c)
{
    uint32_t second = c->secondary.may;
    c->preemption_timer = (c->pin.may & VMX_PIN_PREEMPTION_TIMER) != 0;
    c->virtual_nmis = (c->pin.may & VMX_PIN_VIRTUAL_NMIS) != 0;
    c->posted_interrupts = (c->pin.may & VMX_PIN_POSTED_INTERRUPTS) != 0;
    c->tpr_shadow = (c->primary.may & VMX_PRIMARY_TPR_SHADOW) != 0;
    c->io_bitmaps = (c->primary.may & VMX_PRIMARY_IO_BITMAPS) != 0;
    c->apic_access = (second & VMX_SECONDARY_APIC_ACCESS) != 0;
    c->apic_registers = (second & VMX_SECONDARY_APIC_REGISTERS) != 0;
    c->virtual_x2apic = (second & VMX_SECONDARY_VIRTUAL_X2APIC) != 0;
    c->virtual_interrupts = (second & VMX_SECONDARY_VIRTUAL_INTERRUPTS) != 0;
    c->rdtscp = (second & VMX_SECONDARY_RDTSCP) != 0;
}

static void take_ept(struct vmx_capability *c, uint64_t ept_vpid)
{
    if ((c->secondary.may & VMX_SECONDARY_EPT) == 0) {
        return;
    }
    c->ept = bit(ept_vpid, 6) && bit(ept_vpid, 14);
    c->ept_5_levels = bit(ept_vpid, 7);
    c->ept_uncached = bit(ept_vpid, 8);
    c->ept_2m = bit(ept_vpid, 16);
    c->ept_1g = bit(ept_vpid, 17);
    c->ept_ad = bit(ept_vpid, 21);
    c->invept = bit(ept_vpid, 20);
    c->invept_single = c->invept && bit(ept_vpid, 25);
    c->invept_all = c->invept && bit(ept_vpid, 26);
}

static void take_vpid(struct vmx_capability *c, uint64_t ept_vpid)
{
    if ((c->secondary.may & VMX_SECONDARY_VPID) == 0) {
        return;
    }
    c->vpid = true;
    c->invvpid = bit(ept_vpid, 32);
    c->invvpid_all = c->invvpid && bit(ept_vpid, 42);
}

struct vmx_capability vmx_capability_make(const struct vmx_msrs *msrs, const struct vmx_cpuid *cpuid)
{
    struct vmx_capability c = {.physical_bits = cpuid->physical_bits, .linear_bits = cpuid->linear_bits};
    if (!cpuid->vmx) {
        return c;
    }
    c.vmx = true;
    c.feature_control = msrs->feature_control;
    c.page_sizes_safe = bit(msrs->arch_capabilities, IF_PSCHANGE_MC_NO);
    c.locked_off = vmx_feature_control_decide(msrs->feature_control).kind == VMX_FEATURE_CONTROL_REFUSED;
    take_basic(&c, msrs->basic);
    take_misc(&c, msrs->misc);
    take_fixed(&c, msrs);
    take_controls(&c, msrs);
    name_controls(&c);
    take_ept(&c, msrs->ept_vpid);
    take_vpid(&c, msrs->ept_vpid);
    return c;
}

static struct vmx_cpuid read_cpuid(void)
{
    struct vmx_cpuid id = {.physical_bits = 36, .linear_bits = 48};
    id.vmx = (cpu_cpuid(1, 0).ecx & CPUID_1_ECX_VMX) != 0;
    if (cpu_cpuid(0x80000000, 0).eax >= 0x80000008) {
        uint32_t widths = cpu_cpuid(0x80000008, 0).eax;
        id.physical_bits = widths & 0xff;
        id.linear_bits = widths >> 8 & 0xff;
    }
    return id;
}

/* The MSRs that exist only with a capability are read only with it: anything else would be #GP. */
static struct vmx_msrs read_msrs(void)
{
    struct vmx_msrs m = {
        .feature_control = msr_read(MSR_FEATURE_CONTROL),
        .basic = msr_read(MSR_VMX_BASIC),
        .pin = msr_read(MSR_VMX_PIN),
        .primary = msr_read(MSR_VMX_PRIMARY),
        .exit = msr_read(MSR_VMX_EXIT),
        .entry = msr_read(MSR_VMX_ENTRY),
        .misc = msr_read(MSR_VMX_MISC),
        .cr0_fixed0 = msr_read(MSR_VMX_CR0_FIXED0),
        .cr0_fixed1 = msr_read(MSR_VMX_CR0_FIXED1),
        .cr4_fixed0 = msr_read(MSR_VMX_CR4_FIXED0),
        .cr4_fixed1 = msr_read(MSR_VMX_CR4_FIXED1),
    };
    if (bit(m.basic, 55)) {
        m.true_pin = msr_read(MSR_VMX_TRUE_PIN);
        m.true_primary = msr_read(MSR_VMX_TRUE_PRIMARY);
        m.true_exit = msr_read(MSR_VMX_TRUE_EXIT);
        m.true_entry = msr_read(MSR_VMX_TRUE_ENTRY);
    }
    if ((allowed(m.primary).may & VMX_PRIMARY_SECONDARY) != 0) {
        m.secondary = msr_read(MSR_VMX_SECONDARY);
    }
    if ((allowed(m.secondary).may & (VMX_SECONDARY_EPT | VMX_SECONDARY_VPID)) != 0) {
        m.ept_vpid = msr_read(MSR_VMX_EPT_VPID);
    }
    if (cpu_cpuid(0, 0).eax >= 7 && (cpu_cpuid(7, 0).edx & CPUID_7_EDX_ARCH_CAPABILITIES) != 0) {
        m.arch_capabilities = msr_read(MSR_ARCH_CAPABILITIES);
    }
    return m;
}

struct vmx_capability vmx_capability_read(void)
{
    struct vmx_cpuid id = read_cpuid();
    struct vmx_msrs m = id.vmx ? read_msrs() : (struct vmx_msrs){0};
    return vmx_capability_make(&m, &id);
}

const char *vmx_capability_refusal(const struct vmx_capability *c)
{
    if (!c->vmx) {
        return "this CPU has no Intel VMX";
    }
    if (c->locked_off) {
        return "firmware locked Intel VMX off: enable \"Intel Virtualization Technology\" or \"VT-x\" in its setup";
    }
    if (c->vmcs_bytes == 0 || c->vmcs_bytes > PAGE_SIZE || !c->vmcs_write_back) {
        return "this CPU's VMX wants a VMCS that is not one write-back page";
    }
    if ((c->secondary.may & VMX_SECONDARY_EPT) != 0 && !c->ept) {
        return "this CPU's VMX has no EPT tables of 4 levels in write-back memory";
    }
    struct vmx_controls controls;
    const char *missing = NULL;
    if (vmx_controls_make(c, 0, &controls, &missing) != STATUS_OK) {
        return missing;
    }
    if (!c->invept_single && !c->invept_all) {
        return "this CPU's VMX has EPT without an INVEPT that drops a guest's translations";
    }
    return NULL;
}
