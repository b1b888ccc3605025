/* SPDX-License-Identifier: GPL-2.0-only
 * APIC virtualisation: the CPU serves a guest's local APIC out of the virtual-APIC page (SDM 3C chapter 30). */
#ifndef BULKHEAD_VMX_APICV_H
#define BULKHEAD_VMX_APICV_H

#include "kernel/core/vcpu.h"
#include "vmx/controls.h"
#include "vmx/quirks.h"

/* What all vCPUs have in common: the CPU's capability and what it was asked to leave out, the controls every VMCS
 * starts with, and what the implementation gets wrong. Lives as long as they do. */
struct vmx_apicv {
    const struct vmx_capability *capability;
    const struct vmx_controls *controls;
    const struct vmx_quirks *quirks;
    uint32_t without;
};

/* The controls for a mode: vmx_controls_apic_mode(), and without exits by MOV to CR8 when the CPU watches TPR. Pure. */
struct vmx_controls vmx_apicv_controls(const struct vmx_apicv *a, enum vcpu_apic_mode mode);
/* enum vcpu_apic_help of these controls. Pure. */
unsigned vmx_apicv_help(const struct vmx_controls *c, const struct vmx_quirks *quirks);
/* What a guest may do with an x2APIC MSR (0x800..0x8ff) without an exit: enum vcpu_access. Pure. */
unsigned vmx_apicv_access(const struct vmx_controls *c, uint32_t msr);

/* Put a vCPU's VMCS into a mode; returns enum vcpu_apic_help. Translations are flushed, as the controls ask for. */
unsigned vmx_apicv_set_mode(const struct vmx_apicv *a, struct vcpu *vcpu, enum vcpu_apic_mode mode);

/* The rest of struct cpu_backend_apic. */
void vmx_apicv_set_pages(struct vcpu *vcpu, struct hpa registers, struct hpa access);
void vmx_apicv_set_status(struct vcpu *vcpu, const struct vcpu_apic_status *status);
void vmx_apicv_set_threshold(struct vcpu *vcpu, uint8_t threshold);

#endif
