/* SPDX-License-Identifier: GPL-2.0-only
 * Registers that neither VMCS nor kernel/core/vcpu_resident.h switch: STAR, LSTAR, CSTAR, SFMASK, KERNEL_GS_BASE, CR2,
 * DR6. The hypervisor uses none of them, so they stay in the CPU until another vCPU runs there. */
#ifndef BULKHEAD_VMX_SWITCH_H
#define BULKHEAD_VMX_SWITCH_H

#include "kernel/core/vcpu.h"

/* Make the CPU hold vcpu's; before every entry, on its CPU. */
void vmx_switch_load(struct vcpu *vcpu);
/* Copy vcpu's to memory, when the CPU holds them; it goes on holding nobody's. */
void vmx_switch_store(struct vcpu *vcpu);
/* vcpu's are worth nothing any more: the next vCPU loads all of its own over them. */
void vmx_switch_forget(const struct vcpu *vcpu);

/* Is it one of these? */
bool vmx_switch_has(enum vcpu_register which);
/* On vcpu's CPU. */
uint64_t vmx_switch_read(const struct vcpu *vcpu, enum vcpu_register which);
void vmx_switch_write(struct vcpu *vcpu, enum vcpu_register which, uint64_t value);

#endif
