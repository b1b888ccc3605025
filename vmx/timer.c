/* SPDX-License-Identifier: GPL-2.0-only
 * The preemption timer. */
#include "vmx/timer.h"

#include "kernel/hw/cpu.h"
#include "vmx/instructions.h"
#include "vmx/state.h"
#include "vmx/vmcs.h"

uint32_t vmx_timer_value(uint64_t end_tsc, uint64_t now_tsc, unsigned shift)
{
    if (now_tsc >= end_tsc) {
        return 0;
    }
    uint64_t value = (end_tsc >> shift) - (now_tsc >> shift) + 1;
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static void turn(struct vmx_vcpu *v, bool on, uint32_t pin_bit)
{
    uint32_t pin = (uint32_t)vmx_read(VMCS_PIN_CONTROLS);
    vmx_write(VMCS_PIN_CONTROLS, on ? pin | pin_bit : pin & ~pin_bit);
    v->timer_on = on;
}

void vmx_timer_prepare(struct vcpu *vcpu, uint64_t end_tsc, uint32_t pin_bit, unsigned shift)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    bool on = end_tsc != 0;
    if (on != v->timer_on) {
        turn(v, on, pin_bit);
    }
    if (on) {
        vmx_write(VMCS_PREEMPTION_TIMER, vmx_timer_value(end_tsc, cpu_tsc(), shift));
    }
}
