/* SPDX-License-Identifier: GPL-2.0-only
 * The VMX-preemption timer (SDM 3C 25.5.1, 26.2): ends a vCPU's slice by an exit. It counts only while the guest runs,
 * so its value is written anew before each entry. */
#ifndef BULKHEAD_VMX_TIMER_H
#define BULKHEAD_VMX_TIMER_H

#include "kernel/core/vcpu.h"

/* Its value for an exit at end_tsc, seen from now_tsc: it falls by 1 whenever bit `shift` of the TSC changes. Not
 * before end_tsc; at once when that is past. */
uint32_t vmx_timer_value(uint64_t end_tsc, uint64_t now_tsc, unsigned shift);

/* Before an entry, the VMCS is current: switch the timer on or off (pin_bit: VMX_PIN_PREEMPTION_TIMER) and set it to
 * end_tsc; 0: off. */
void vmx_timer_prepare(struct vcpu *vcpu, uint64_t end_tsc, uint32_t pin_bit, unsigned shift);

#endif
