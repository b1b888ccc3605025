/* SPDX-License-Identifier: GPL-2.0-only
 * The part of a vCPU that lives in the physical CPU while the hypervisor runs, because the hypervisor never uses it:
 * FPU and vector registers, XCR0, DR0..DR3, TSC_AUX. It is switched only when another vCPU runs on the CPU, so a vCPU
 * alone on its CPU pays for it once. */
#ifndef BULKHEAD_CORE_VCPU_RESIDENT_H
#define BULKHEAD_CORE_VCPU_RESIDENT_H

#include "kernel/core/vcpu.h"

/* Once on each CPU before a guest runs there. */
void vcpu_resident_cpu_enable(unsigned cpu);

/* Leave x87 state alone where the CPU holds the next vCPU's already (svm/quirks.c says who needs that). */
void vcpu_resident_spare_x87(bool on);

/* Space for vcpu's copy, from the page allocator; reset state. vcpu->cpu is set. */
MUST_CHECK enum status vcpu_resident_init(struct vcpu *vcpu);
/* The state is forgotten, and cleared from the CPU before any other guest can run there. */
void vcpu_resident_free(struct vcpu *vcpu);

/* All state as after power-on. */
void vcpu_resident_reset(struct vcpu *vcpu);

/* Make the CPU hold vcpu's state. The backend calls it before every entry. */
void vcpu_resident_load(struct vcpu *vcpu);
/* Make the copy in vcpu->resident current; it may be changed before the next entry. */
void vcpu_resident_store(struct vcpu *vcpu);

/* XCR0 as XSETBV sets it: false (the guest gets #GP) unless it has bit 0, only bits of `offered`, and no combination
 * that the architecture forbids (SDM 1 13.3). offered is within vcpu_resident_xcr0_offer(). */
MUST_CHECK bool vcpu_resident_set_xcr0(struct vcpu *vcpu, uint64_t value, uint64_t offered);
/* What this machine's XSAVE can switch for guests; 0 without XSAVE. */
uint64_t vcpu_resident_xcr0_offer(void);

/* The check alone. */
bool vcpu_resident_xcr0_valid(uint64_t value, uint64_t offered);

#endif
