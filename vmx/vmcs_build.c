/* SPDX-License-Identifier: GPL-2.0-only
 * A new VMCS. */
#include "vmx/vmcs_build.h"

#include "vmx/host_state.h"
#include "vmx/registers.h"
#include "vmx/state.h"

enum {
    VECTOR_DB = 1,
    VECTOR_AC = 17,
    VECTOR_MC = 18,
};
/* #DB and #AC: a guest can make the CPU raise them without end while it delivers them (CVE-2015-8104, CVE-2015-5307),
 * and only an exit gets out. #MC is the machine's. */
#define EXCEPTIONS (BIT32(VECTOR_DB) | BIT32(VECTOR_AC) | BIT32(VECTOR_MC))

/* Whatever VMCLEAR left: 0. */
static const enum vmcs_field zeroes[] = {
    VMCS_FAULT_ERROR_MASK,    VMCS_FAULT_ERROR_MATCH,    VMCS_CR3_TARGET_COUNT,       VMCS_EXIT_MSR_STORE_COUNT,
    VMCS_EXIT_MSR_LOAD_COUNT, VMCS_ENTRY_MSR_LOAD_COUNT, VMCS_EXIT_MSR_STORE,         VMCS_EXIT_MSR_LOAD,
    VMCS_ENTRY_MSR_LOAD,      VMCS_ENTRY_EVENT,          VMCS_ENTRY_EVENT_ERROR,      VMCS_ENTRY_LENGTH,
    VMCS_TPR_THRESHOLD,       VMCS_GUEST_DEBUGCTL,       VMCS_GUEST_INTERRUPTIBILITY, VMCS_GUEST_ACTIVITY,
    VMCS_GUEST_SMBASE,        VMCS_GUEST_PENDING_DEBUG,  VMCS_GUEST_PDPTE_0,          VMCS_GUEST_PDPTE_1,
    VMCS_GUEST_PDPTE_2,       VMCS_GUEST_PDPTE_3,
};

static void write_controls(const struct vmcs_build *s, struct vmx_vcpu *v)
{
    const struct vmx_controls *c = s->controls;
    v->cache.primary = c->primary;
    vmx_write(VMCS_PIN_CONTROLS, c->pin);
    vmx_write(VMCS_PRIMARY_CONTROLS, c->primary);
    vmx_write(VMCS_SECONDARY_CONTROLS, c->secondary);
    vmx_write(VMCS_EXIT_CONTROLS, c->exit);
    vmx_write(VMCS_ENTRY_CONTROLS, c->entry);
    vmx_write(VMCS_EXCEPTION_BITMAP, EXCEPTIONS);
    vmx_write(VMCS_MSR_BITMAP, s->msr_bitmap.v);
    vmx_write(VMCS_IO_BITMAP_A, s->io_bitmap_a.v);
    vmx_write(VMCS_IO_BITMAP_B, s->io_bitmap_b.v);
    vmx_write(VMCS_VIRTUAL_APIC, s->virtual_apic.v);
    vmx_write(VMCS_EPT_POINTER, v->eptp);
    if ((c->secondary & VMX_SECONDARY_XSAVES) != 0) {
        vmx_write(VMCS_XSS_EXIT_BITMAP, 0); /* IA32_XSS is 0: nothing that could exit */
    }
    if (s->capability->vpid) {
        vmx_write(VMCS_VPID, 0); /* until the first entry gives it one */
    }
}

void vmcs_build(struct vcpu *vcpu, const struct vmcs_build *setup)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    for (size_t i = 0; i < ARRAY_LENGTH(zeroes); i++) {
        vmx_write(zeroes[i], 0);
    }
    write_controls(setup, v);
    vmx_write(VMCS_LINK_POINTER, ~UINT64_C(0)); /* no shadow VMCS */
    v->cache.interruptibility = 0;
    vmx_registers_init(vcpu);
    vmx_host_state_write(vcpu->cpu);
}
