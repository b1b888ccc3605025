/* SPDX-License-Identifier: GPL-2.0-only
 * APIC virtualisation. The MSR bitmap is opened only together with the control that keeps the accesses off the host's
 * own APIC, and closed with it. */
#include "vmx/apicv.h"

#include "kernel/core/panic.h"
#include "kernel/hw/phys.h"
#include "vmx/bitmaps.h"
#include "vmx/current.h"
#include "vmx/state.h"

#define MSR_FIRST 0x800u
#define MSR_LAST 0x8ffu
#define BIT_OF(msr) BIT64((msr)-MSR_FIRST)
/* Registers whose value in the page is the one to read (SDM 3A table 11-6): not the current count of the timer. */
#define READABLE                                                                                                       \
    (BIT_OF(0x802) | BIT_OF(0x803) | BIT_OF(0x808) | BIT_OF(0x80d) | MASK64(0x28, 0x0f) | BIT_OF(0x830) |              \
     MASK64(0x38, 0x32) | BIT_OF(0x83e))
#define PRIORITY BIT_OF(0x80a) /* the CPU keeps it up to date only where it delivers interrupts */
#define WRITABLE BIT_OF(0x808)
#define WRITABLE_BY_DELIVERY (BIT_OF(0x80b) | BIT_OF(0x83f)) /* EOI, self IPI */
#define APIC_CONTROLS                                                                                                  \
    ((uint32_t)VMX_SECONDARY_APIC_ACCESS | VMX_SECONDARY_VIRTUAL_X2APIC | VMX_SECONDARY_APIC_REGISTERS |               \
     VMX_SECONDARY_VIRTUAL_INTERRUPTS)

static enum vmx_apic_mode mode_of(enum vcpu_apic_mode mode)
{
    switch (mode) {
    case VCPU_APIC_PAGE:
        return VMX_APIC_XAPIC;
    case VCPU_APIC_MSRS:
        return VMX_APIC_X2APIC;
    case VCPU_APIC_SOFTWARE:
        break;
    }
    return VMX_APIC_OFF;
}

struct vmx_controls vmx_apicv_controls(const struct vmx_apicv *a, enum vcpu_apic_mode mode)
{
    struct vmx_controls c = vmx_controls_apic_mode(a->capability, a->without, *a->controls, mode_of(mode));
    if ((c.secondary & VMX_SECONDARY_APIC_REGISTERS) != 0) {
        c.primary &= ~(uint32_t)VMX_PRIMARY_CR8_LOAD;
    }
    return c;
}

unsigned vmx_apicv_help(const struct vmx_controls *c, const struct vmx_quirks *quirks)
{
    unsigned help = (c->secondary & VMX_SECONDARY_APIC_REGISTERS) != 0 ? VCPU_APIC_REGISTERS : 0;
    if ((c->secondary & VMX_SECONDARY_VIRTUAL_INTERRUPTS) != 0) {
        help |= VCPU_APIC_INTERRUPTS | (quirks->delivers_blocked ? VCPU_APIC_GUARDED : 0);
    }
    return help;
}

unsigned vmx_apicv_access(const struct vmx_controls *c, uint32_t msr)
{
    if ((c->secondary & VMX_SECONDARY_VIRTUAL_X2APIC) == 0 || msr < MSR_FIRST || msr > MSR_FIRST + 63) {
        return VCPU_ALLOW_NONE;
    }
    bool delivers = (c->secondary & VMX_SECONDARY_VIRTUAL_INTERRUPTS) != 0;
    uint64_t readable = delivers ? READABLE | PRIORITY : READABLE;
    uint64_t writable = delivers ? WRITABLE | WRITABLE_BY_DELIVERY : WRITABLE;
    return ((readable & BIT_OF(msr)) != 0 ? VCPU_ALLOW_READ : 0) |
           ((writable & BIT_OF(msr)) != 0 ? VCPU_ALLOW_WRITE : 0);
}

/* The fields exist only on a CPU that has the control. */
static void begin_delivery(const struct vmx_cache *cache)
{
    for (unsigned i = 0; i < 4; i++) {
        vmx_write(VMCS_EOI_EXIT_0 + 2 * i, cache->eoi_exits[i]);
    }
}

static void set_bitmap(struct vmx_vcpu *v, const struct vmx_controls *c)
{
    for (uint32_t msr = MSR_FIRST; msr <= MSR_LAST; msr++) {
        unsigned access = vmx_apicv_access(c, msr);
        enum status status =
            vmx_bitmaps_set_msr(v->msr_bitmap, msr, (access & VCPU_ALLOW_READ) != 0, (access & VCPU_ALLOW_WRITE) != 0);
        bulkhead_assert(status == STATUS_OK);
    }
}

unsigned vmx_apicv_set_mode(const struct vmx_apicv *a, struct vcpu *vcpu, enum vcpu_apic_mode mode)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    struct vmx_controls c = vmx_apicv_controls(a, mode);
    uint32_t pin = (uint32_t)vmx_read(VMCS_PIN_CONTROLS) & ~(uint32_t)VMX_PIN_POSTED_INTERRUPTS;
    uint32_t secondary = (uint32_t)vmx_read(VMCS_SECONDARY_CONTROLS) & ~APIC_CONTROLS;
    v->cache.primary =
        (v->cache.primary & ~(uint32_t)VMX_PRIMARY_CR8_LOAD) | (c.primary & (uint32_t)VMX_PRIMARY_CR8_LOAD);
    vmx_write(VMCS_PIN_CONTROLS, pin | (c.pin & VMX_PIN_POSTED_INTERRUPTS));
    vmx_write(VMCS_PRIMARY_CONTROLS, v->cache.primary);
    vmx_write(VMCS_SECONDARY_CONTROLS, secondary | (c.secondary & APIC_CONTROLS));
    vmx_write(VMCS_TPR_THRESHOLD, 0);
    v->cache.threshold = 0;
    if ((c.secondary & VMX_SECONDARY_VIRTUAL_INTERRUPTS) != 0) {
        begin_delivery(&v->cache);
    }
    set_bitmap(v, &c);
    vcpu->flush = true; /* translations depend on the APIC-access page (SDM 3C 29.4.3.3) */
    return vmx_apicv_help(&c, a->quirks);
}

void vmx_apicv_set_pages(struct vcpu *vcpu, struct hpa registers, struct hpa access)
{
    vmx_current_make(vcpu);
    vmx_state(vcpu)->virtual_apic = phys_to_virt(registers);
    vmx_write(VMCS_VIRTUAL_APIC, registers.v);
    if (access.v != 0) {
        vmx_write(VMCS_APIC_ACCESS, access.v);
    }
}

void vmx_apicv_set_status(struct vcpu *vcpu, const struct vcpu_apic_status *status)
{
    struct vmx_cache *cache = &vmx_state(vcpu)->cache;
    vmx_current_make(vcpu);
    vmx_write(VMCS_GUEST_INTERRUPT_STATUS, status->requested | (uint64_t)status->in_service << 8);
    for (unsigned i = 0; i < 4; i++) {
        if (cache->eoi_exits[i] != status->eoi_exits[i]) {
            cache->eoi_exits[i] = status->eoi_exits[i];
            vmx_write(VMCS_EOI_EXIT_0 + 2 * i, status->eoi_exits[i]);
        }
    }
}

void vmx_apicv_set_threshold(struct vcpu *vcpu, uint8_t threshold)
{
    struct vmx_cache *cache = &vmx_state(vcpu)->cache;
    if (cache->threshold != threshold) {
        cache->threshold = threshold;
        vmx_current_make(vcpu);
        vmx_write(VMCS_TPR_THRESHOLD, threshold);
    }
}
