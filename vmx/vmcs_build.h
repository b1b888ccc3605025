/* SPDX-License-Identifier: GPL-2.0-only
 * Filling a new VMCS (SDM 3C 25.4 to 25.8). */
#ifndef BULKHEAD_VMX_VMCS_BUILD_H
#define BULKHEAD_VMX_VMCS_BUILD_H

#include "kernel/core/vcpu.h"
#include "vmx/capability.h"
#include "vmx/controls.h"

/* The physical addresses that a new VMCS points to. */
struct vmcs_build {
    const struct vmx_capability *capability;
    const struct vmx_controls *controls;
    struct hpa msr_bitmap, io_bitmap_a, io_bitmap_b, virtual_apic;
};

/* Controls, host state, and the guest state that vcpu_reset() does not reach, into the current VMCS, which is vcpu's
 * and was just cleared. */
void vmcs_build(struct vcpu *vcpu, const struct vmcs_build *setup);

#endif
