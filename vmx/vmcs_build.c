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
    vmx_write(VMCS_FAULT_ERROR_MASK, 0);
    vmx_write(VMCS_FAULT_ERROR_MATCH, 0);
    vmx_write(VMCS_CR3_TARGET_COUNT, 0);
    vmx_write(VMCS_EXIT_MSR_STORE_COUNT, 0);
    vmx_write(VMCS_EXIT_MSR_LOAD_COUNT, 0);
    vmx_write(VMCS_ENTRY_MSR_LOAD_COUNT, 0);
    vmx_write(VMCS_ENTRY_EVENT, 0);
    vmx_write(VMCS_TPR_THRESHOLD, 0);
    vmx_write(VMCS_MSR_BITMAP, s->msr_bitmap.v);
    vmx_write(VMCS_IO_BITMAP_A, s->io_bitmap_a.v);
    vmx_write(VMCS_IO_BITMAP_B, s->io_bitmap_b.v);
    vmx_write(VMCS_VIRTUAL_APIC, s->virtual_apic.v);
    vmx_write(VMCS_EPT_POINTER, v->eptp);
}

static void write_guest(struct vmx_vcpu *v)
{
    vmx_write(VMCS_LINK_POINTER, ~UINT64_C(0));
    vmx_write(VMCS_GUEST_DEBUGCTL, 0);
    vmx_write(VMCS_GUEST_INTERRUPTIBILITY, 0);
    vmx_write(VMCS_GUEST_ACTIVITY, VMCS_ACTIVE);
    vmx_write(VMCS_GUEST_SMBASE, 0);
    vmx_write(VMCS_GUEST_PENDING_DEBUG, 0);
    v->cache.interruptibility = 0;
}

void vmcs_build(struct vcpu *vcpu, const struct vmcs_build *setup)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    write_controls(setup, v);
    write_guest(v);
    vmx_registers_init(vcpu);
    vmx_host_state_write(vcpu->cpu);
}
