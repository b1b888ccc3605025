/* SPDX-License-Identifier: GPL-2.0-only
 * The preemption timer. */
#include "vmx/timer.h"

#include "kernel/hw/cpu.h"
#include "vmx/controls.h"
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
    bool counts = on || v->timer_backup != 0;
    vmx_write(VMCS_PIN_CONTROLS, counts ? pin | pin_bit : pin & ~pin_bit);
    vmx_write(VMCS_PREEMPTION_TIMER, v->timer_backup);
    v->timer_on = on;
}

void vmx_timer_set_backup(struct vcpu *vcpu, uint32_t pin_bit, uint32_t value)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    v->timer_backup = value;
    vmx_write(VMCS_EXIT_CONTROLS, vmx_read(VMCS_EXIT_CONTROLS) | VMX_EXIT_SAVE_TIMER);
    turn(v, false, pin_bit);
}

bool vmx_timer_took_backup(struct vcpu *vcpu)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    if (v->timer_backup != 0) {
        vmx_write(VMCS_PREEMPTION_TIMER, v->timer_backup);
    }
    return v->timer_backup != 0;
}

void vmx_timer_prepare(struct vcpu *vcpu, uint32_t pin_bit, unsigned shift)
{
    struct vmx_vcpu *v = vmx_state(vcpu);
    bool on = vcpu->slice_end_tsc != 0;
    if (on != v->timer_on) {
        turn(v, on, pin_bit);
    }
    if (on) {
        vmx_write(VMCS_PREEMPTION_TIMER, vmx_timer_value(vcpu->slice_end_tsc, cpu_tsc(), shift));
    }
}
