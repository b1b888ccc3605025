/* SPDX-License-Identifier: GPL-2.0-only
 * A vCPU's registers in its VMCS, and what of CR0 and CR4 is the host's (SDM 3C 25.4.1, 25.6.6). */
#ifndef BULKHEAD_VMX_REGISTERS_H
#define BULKHEAD_VMX_REGISTERS_H

#include "kernel/core/vcpu.h"
#include "kernel/lib/bits.h"

/* CR0 bits that a guest sees in the shadow and cannot change: NE is fixed to 1 by VMX operation, NW and CD would turn
 * the physical caches off. */
#define VMX_CR0_MASK (BIT64(5) | BIT64(29) | BIT64(30))
/* CR4 bits that a guest changes without an exit: VME PVI TSD DE PSE PAE PGE PCE OSFXSR OSXMMEXCPT. All others are
 * checked by the guest layer against what CPUID offers; MCE and VMXE stay the host's. */
#define VMX_CR4_MASK (~(MASK64(5, 0) | MASK64(10, 7)))

uint64_t vmx_registers_read(const struct vcpu *vcpu, enum vcpu_register which);
void vmx_registers_write(struct vcpu *vcpu, enum vcpu_register which, uint64_t value);
struct vcpu_segment vmx_registers_read_segment(const struct vcpu *vcpu, enum vcpu_segment_name which);
void vmx_registers_read_code(const struct vcpu *vcpu, struct vcpu_code *code);
void vmx_registers_write_segment(struct vcpu *vcpu, enum vcpu_segment_name which, struct vcpu_segment value);

/* A new VMCS is the current one: masks and shadows, and into the cache what its fields hold. */
void vmx_registers_init(struct vcpu *vcpu);

/* The plain fields of vcpu (RIP, RSP, RFLAGS, TSC offset) into the current VMCS before an entry, and back. */
void vmx_registers_load(struct vcpu *vcpu);
void vmx_registers_store(struct vcpu *vcpu);

/* The guest's MOV to CR0 wants to change a bit of VMX_CR0_MASK: show it in the shadow, so that the instruction does the
 * rest by itself when it runs again. False: that value is #GP. */
MUST_CHECK bool vmx_registers_show_cr0(struct vcpu *vcpu, uint64_t value);

#endif
