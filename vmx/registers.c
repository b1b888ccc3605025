/* SPDX-License-Identifier: GPL-2.0-only
 * A vCPU's registers in its VMCS. */
#include "vmx/registers.h"

#include "vmx/controls.h"
#include "vmx/current.h"
#include "vmx/pdpte.h"
#include "vmx/state.h"
#include "vmx/switch.h"

#define CR0_PG BIT64(31)
#define CR0_CD BIT64(30)
#define CR0_NW BIT64(29)
#define CR0_NE BIT64(5)
#define CR0_ET BIT64(4)
#define CR4_MCE BIT64(6)
#define CR4_VMXE BIT64(13)
#define EFER_LMA BIT64(10)
#define APIC_TPR 0x80 /* in the virtual-APIC page: CR8 is bits 7:4 */

/* Where each register is that one field holds. */
static const uint16_t fields[VCPU_REGISTER_COUNT] = {
    [VCPU_CR0] = VMCS_GUEST_CR0,
    [VCPU_CR3] = VMCS_GUEST_CR3,
    [VCPU_CR4] = VMCS_GUEST_CR4,
    [VCPU_DR7] = VMCS_GUEST_DR7,
    [VCPU_EFER] = VMCS_GUEST_EFER,
    [VCPU_PAT] = VMCS_GUEST_PAT,
    [VCPU_GDTR_BASE] = VMCS_GUEST_GDTR_BASE,
    [VCPU_GDTR_LIMIT] = VMCS_GUEST_GDTR_LIMIT,
    [VCPU_IDTR_BASE] = VMCS_GUEST_IDTR_BASE,
    [VCPU_IDTR_LIMIT] = VMCS_GUEST_IDTR_LIMIT,
    [VCPU_SYSENTER_CS] = VMCS_GUEST_SYSENTER_CS,
    [VCPU_SYSENTER_ESP] = VMCS_GUEST_SYSENTER_ESP,
    [VCPU_SYSENTER_EIP] = VMCS_GUEST_SYSENTER_EIP,
};

static uint64_t read_cr0(void)
{
    return (vmx_read(VMCS_GUEST_CR0) & ~VMX_CR0_MASK) | (vmx_read(VMCS_CR0_SHADOW) & VMX_CR0_MASK);
}

static uint64_t read_cr4(const struct vmx_vcpu *v)
{
    return (vmx_read(VMCS_GUEST_CR4) & ~VMX_CR4_MASK) | (v->cache.cr4_shadow & VMX_CR4_MASK);
}

uint64_t vmx_registers_read(const struct vcpu *vcpu, enum vcpu_register which)
{
    const struct vmx_vcpu *v = vmx_state(vcpu);
    if (vmx_switch_has(which)) {
        return vmx_switch_read(vcpu, which);
    }
    vmx_current_make(vcpu);
    switch (which) {
    case VCPU_CR0:
        return read_cr0();
    case VCPU_CR4:
        return read_cr4(v);
    case VCPU_CR8:
        return v->virtual_apic[APIC_TPR] >> 4;
    default:
        return vmx_read(fields[which]);
    }
}

static void write_cr0(uint64_t value)
{
    vmx_write(VMCS_CR0_SHADOW, value);
    vmx_write(VMCS_GUEST_CR0, (value & ~(CR0_CD | CR0_NW)) | CR0_NE | CR0_ET);
}

/* A machine check with CR4.MCE clear would shut the CPU down instead of reaching the hypervisor. */
static void write_cr4(struct vmx_vcpu *v, uint64_t value)
{
    v->cache.cr4_shadow = value;
    vmx_write(VMCS_CR4_SHADOW, value);
    vmx_write(VMCS_GUEST_CR4, value | CR4_MCE | CR4_VMXE);
}

/* The entry control follows EFER.LMA; the CPU keeps it so when the guest turns paging on and off. */
static void write_efer(uint64_t value)
{
    uint64_t entry = vmx_read(VMCS_ENTRY_CONTROLS) & ~(uint64_t)VMX_ENTRY_GUEST_64;
    vmx_write(VMCS_ENTRY_CONTROLS, (value & EFER_LMA) != 0 ? entry | VMX_ENTRY_GUEST_64 : entry);
    vmx_write(VMCS_GUEST_EFER, value);
}

static void write_vmcs(struct vcpu *vcpu, enum vcpu_register which, uint64_t value)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    switch (which) {
    case VCPU_CR0:
        write_cr0(value);
        break;
    case VCPU_CR4:
        write_cr4(v, value);
        break;
    case VCPU_CR8:
        v->virtual_apic[APIC_TPR] = (uint8_t)((value & 0xf) << 4);
        break;
    case VCPU_EFER:
        write_efer(value);
        break;
    case VCPU_DR7: /* a reset: no breakpoint met before it is reported after */
        vmx_write(VMCS_GUEST_DR7, value);
        vmx_write(VMCS_GUEST_PENDING_DEBUG, 0);
        break;
    default:
        vmx_write(fields[which], value);
        break;
    }
}

void vmx_registers_write(struct vcpu *vcpu, enum vcpu_register which, uint64_t value)
{
    if (vmx_switch_has(which)) {
        vmx_switch_write(vcpu, which, value);
        return;
    }
    vmx_current_make(vcpu);
    write_vmcs(vcpu, which, value);
    if (which == VCPU_CR0 || which == VCPU_CR3 || which == VCPU_CR4 || which == VCPU_EFER) {
        vcpu->flush = true; /* as the instruction would have done */
        vmx_state(vcpu)->pdptes_stale = true;
    }
}

struct vcpu_segment vmx_registers_read_segment(const struct vcpu *vcpu, enum vcpu_segment_name which)
{
    vmx_current_make(vcpu);
    unsigned step = VMCS_FIELD_STEP * which;
    uint64_t access = vmx_read(VMCS_GUEST_ES_ACCESS + step);
    uint64_t usable = (access & VMCS_SEGMENT_UNUSABLE) != 0 ? ~(uint64_t)VCPU_SEGMENT_PRESENT : ~UINT64_C(0);
    return (struct vcpu_segment){
        .base = vmx_read(VMCS_GUEST_ES_BASE + step),
        .limit = (uint32_t)vmx_read(VMCS_GUEST_ES_LIMIT + step),
        .selector = (uint16_t)vmx_read(VMCS_GUEST_ES_SELECTOR + step),
        .attributes = (uint16_t)(access & usable),
    };
}

void vmx_registers_write_segment(struct vcpu *vcpu, enum vcpu_segment_name which, struct vcpu_segment value)
{
    vmx_current_make(vcpu);
    unsigned step = VMCS_FIELD_STEP * which;
    bool usable = (value.attributes & VCPU_SEGMENT_PRESENT) != 0;
    vmx_write(VMCS_GUEST_ES_BASE + step, value.base);
    vmx_write(VMCS_GUEST_ES_LIMIT + step, value.limit);
    vmx_write(VMCS_GUEST_ES_SELECTOR + step, value.selector);
    vmx_write(VMCS_GUEST_ES_ACCESS + step, value.attributes | (usable ? 0 : VMCS_SEGMENT_UNUSABLE));
}

void vmx_registers_read_code(const struct vcpu *vcpu, struct vcpu_code *code)
{
    vmx_current_make(vcpu);
    uint64_t access = vmx_read(VMCS_GUEST_CS_ACCESS);
    code->cr0 = read_cr0();
    code->cr3 = vmx_read(VMCS_GUEST_CR3);
    code->cr4 = read_cr4(vmx_state(vcpu));
    code->efer = vmx_read(VMCS_GUEST_EFER);
    if ((code->efer & EFER_LMA) != 0 && (access & VCPU_SEGMENT_LONG) != 0) {
        code->bits = 64;
        code->linear = vcpu->rip;
    } else {
        code->bits = (access & VCPU_SEGMENT_BIG) != 0 ? 32 : 16;
        code->linear = vmx_read(VMCS_GUEST_CS_BASE) + vcpu->rip;
    }
}

void vmx_registers_init(struct vcpu *vcpu)
{
    struct vmx_cache *cache = &vmx_state(vcpu)->cache;
    vmx_write(VMCS_CR0_MASK, VMX_CR0_MASK);
    vmx_write(VMCS_CR4_MASK, VMX_CR4_MASK);
    vmx_write(VMCS_GUEST_RIP, 0);
    vmx_write(VMCS_GUEST_RSP, 0);
    vmx_write(VMCS_GUEST_RFLAGS, 2);
    vmx_write(VMCS_TSC_OFFSET, 0);
    cache->rip = 0;
    cache->rsp = 0;
    cache->rflags = 2;
    cache->tsc_offset = 0;
}

static void put(enum vmcs_field field, uint64_t *cached, uint64_t value)
{
    if (*cached != value) {
        *cached = value;
        vmx_write(field, value);
    }
}

void vmx_registers_load(struct vcpu *vcpu)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    put(VMCS_GUEST_RIP, &v->cache.rip, vcpu->rip);
    put(VMCS_GUEST_RSP, &v->cache.rsp, vcpu->gprs[VCPU_RSP]);
    put(VMCS_GUEST_RFLAGS, &v->cache.rflags, vcpu->rflags);
    put(VMCS_TSC_OFFSET, &v->cache.tsc_offset, vcpu->tsc_offset);
    if (v->pdptes_stale) {
        v->pdptes_stale = false;
        vmx_pdpte_load(vcpu);
    }
}

void vmx_registers_store(struct vcpu *vcpu)
{
    struct vmx_cache *cache = &vmx_state(vcpu)->cache;
    uint64_t rip = vmx_read(VMCS_GUEST_RIP), rsp = vmx_read(VMCS_GUEST_RSP), rflags = vmx_read(VMCS_GUEST_RFLAGS);
    cache->rip = rip;
    cache->rsp = rsp;
    cache->rflags = rflags;
    vcpu->rip = rip;
    vcpu->gprs[VCPU_RSP] = rsp;
    vcpu->rflags = rflags;
}

bool vmx_registers_show_cr0(struct vcpu *vcpu, uint64_t value)
{
    if ((value & CR0_NW) != 0 && (value & CR0_CD) == 0) {
        return false;
    }
    vmx_current_make(vcpu);
    vmx_write(VMCS_CR0_SHADOW, (vmx_read(VMCS_CR0_SHADOW) & ~VMX_CR0_MASK) | (value & VMX_CR0_MASK));
    return true;
}
