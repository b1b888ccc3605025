/* SPDX-License-Identifier: GPL-2.0-only
 * Posted interrupts in a VMCS (SDM 3C 25.6.8, 30.6): the CPU that is in the guest takes what a notification announces
 * into the virtual-APIC page without an exit. The control asks for "acknowledge interrupt on exit" (SDM 3C 27.2.1.1):
 * the vector of any other interrupt is then taken from the local APIC by the exit, and is ours to serve. */
#ifndef BULKHEAD_VMX_POSTED_H
#define BULKHEAD_VMX_POSTED_H

#include "kernel/core/vcpu.h"
#include "vmx/controls.h"

static inline bool vmx_posted_in_use(const struct vmx_controls *controls)
{
    return (controls->pin & VMX_PIN_POSTED_INTERRUPTS) != 0;
}

/* The notification vector and vcpu->posted, into the current VMCS, which is vcpu's: before an entry with the control.
 * Nothing when `controls` does without. */
void vmx_posted_setup(const struct vcpu *vcpu, const struct vmx_controls *controls);

/* After an exit by an external interrupt: the vector that the exit acknowledged, 0 for none. */
uint8_t vmx_posted_acknowledged(const struct vmx_controls *controls);

#endif
