/* SPDX-License-Identifier: GPL-2.0-only
 * Events into the guest and out of an exit that cut one short; blocking; interrupt and NMI windows (SDM 3C 25.8.3,
 * 25.9.3, 27.6, table 25-3). All on the current VMCS. */
#ifndef BULKHEAD_VMX_INJECT_H
#define BULKHEAD_VMX_INJECT_H

#include "kernel/core/vcpu.h"
#include "vmx/vmcs.h"

/* VMCS_ENTRY_EVENT for an event; 0 for VCPU_EVENT_NONE. */
uint32_t vmx_inject_encode(struct vcpu_event event);
/* The event in VMCS_VECTORING_EVENT that must be injected again; VCPU_EVENT_NONE for none, and for INT n, INT1, INT3
 * and INTO, whose instruction RIP still points to. */
struct vcpu_event vmx_inject_decode(uint32_t info, uint32_t error);

/* Before an entry: event, blocking and windows of vcpu. */
void vmx_inject_prepare(struct vcpu *vcpu);
/* After an exit for `reason`: what was not delivered, and blocking, back into vcpu. */
void vmx_inject_finish(struct vcpu *vcpu, enum vmcs_reason reason);
/* The same after the exit of an instruction (one that has a length): no event was being delivered then (SDM 3C
 * 28.2.4). */
void vmx_inject_finish_instruction(struct vcpu *vcpu);

#endif
