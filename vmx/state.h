/* SPDX-License-Identifier: GPL-2.0-only
 * What the VMX backend keeps for a vCPU: vcpu.data. */
#ifndef BULKHEAD_VMX_STATE_H
#define BULKHEAD_VMX_STATE_H

#include "kernel/core/vcpu.h"
#include "vmx/instructions.h"
#include "vmx/invalidate.h"

/* Registers that stay in the CPU until another vCPU runs there (vmx/switch.h). */
enum vmx_switched {
    VMX_SWITCHED_STAR,
    VMX_SWITCHED_LSTAR,
    VMX_SWITCHED_CSTAR,
    VMX_SWITCHED_SFMASK,
    VMX_SWITCHED_KERNEL_GS_BASE,
    VMX_SWITCHED_CR2,
    VMX_SWITCHED_DR6,
    VMX_SWITCHED_COUNT,
};

/* Copies of VMCS fields, so that an exit reads and an entry writes no more than it must. */
struct vmx_cache {
    uint64_t rip, rsp, rflags, tsc_offset;
    uint64_t cr4_shadow;
    uint32_t primary;
    uint32_t interruptibility;
    uint64_t eoi_exits[4];
    uint8_t threshold; /* of TPR */
};

struct vmx_vcpu {
    struct hpa vmcs;
    struct vmx_entry_frame frame;
    struct vmx_cache cache;
    uint8_t *msr_bitmap, *io_bitmaps;
    uint8_t *virtual_apic; /* one page; TPR at 0x80 */
    const struct radix *nested;
    uint64_t eptp;
    struct vmx_vpid vpid;
    struct vmx_vpid_pool *vpids; /* of its CPU */
    uint64_t held_until;         /* vmx/quirks.h: when the host has its turn, in TSC ticks; 0: it is not held up */
    uint64_t timer_held;         /* held_until when the timer was set for it alone */
    bool timer_on;               /* the preemption timer is */
    bool pdptes_stale;           /* the hypervisor wrote a paging register: load the four entries of PAE paging anew */
    uint64_t switched[VMX_SWITCHED_COUNT];
};

static inline struct vmx_vcpu *vmx_state(const struct vcpu *vcpu)
{
    return vcpu->data;
}

#endif
