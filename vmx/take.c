/* SPDX-License-Identifier: GPL-2.0-only
 * Exits that are the backend's own. */
#include "vmx/take.h"

#include "kernel/lib/bits.h"
#include "vmx/exit.h"
#include "vmx/instructions.h"
#include "vmx/posted.h"
#include "vmx/registers.h"
#include "vmx/switch.h"

#define DR6_BREAKPOINTS MASK64(3, 0)
#define DR6_SET (MASK64(3, 0) | BIT64(13) | BIT64(14)) /* B3:0, BD, BS: set in the qualification of a #DB */
#define DR7_GD BIT64(13)
#define VECTOR_DB 1
#define VECTOR_GP 13

/* The CPU leaves DR6 and DR7 to whoever takes the #DB (SDM 3C 28.1); the exit of an INT1 points to itself. */
static void take_debug_exception(struct vcpu *vcpu)
{
    uint32_t info = (uint32_t)vmx_read(VMCS_EXIT_EVENT);
    if ((uint8_t)info != VECTOR_DB) {
        return;
    }
    if (bits_get(info, VMCS_EVENT_TYPE_HIGH, VMCS_EVENT_TYPE_LOW) == VMCS_TYPE_PRIVILEGED) {
        vcpu->rip += vmx_read(VMCS_EXIT_LENGTH);
        return;
    }
    uint64_t dr6 = vmx_switch_read(vcpu, VCPU_DR6) & ~DR6_BREAKPOINTS;
    vmx_switch_write(vcpu, VCPU_DR6, dr6 | (vmx_read(VMCS_QUALIFICATION) & DR6_SET));
    vmx_write(VMCS_GUEST_DR7, vmx_read(VMCS_GUEST_DR7) & ~DR7_GD);
}

/* The guest's MOV to CR0 does the rest by itself when it runs again. A #GP that makes a triple fault ends it here. */
static bool take_cr(struct vcpu *vcpu, struct vcpu_exit *exit)
{
    struct vmx_exit_cr cr = vmx_exit_cr(vmx_read(VMCS_QUALIFICATION));
    if (cr.number != 0 || cr.access != VMX_CR_MOV_TO) {
        return false;
    }
    if (vmx_registers_show_cr0(vcpu, vcpu->gprs[cr.gpr]) || vcpu_inject_exception_with(vcpu, VECTOR_GP, 0)) {
        return true;
    }
    exit->kind = VCPU_EXIT_SHUTDOWN;
    return false;
}

/* The VMCS is fit for a reset again. */
static void take_shutdown(void)
{
    vmx_write(VMCS_GUEST_ACTIVITY, VMCS_ACTIVE);
    vmx_write(VMCS_GUEST_PENDING_DEBUG, 0);
}

bool vmx_take(struct vcpu *vcpu, const struct vmx_controls *controls, enum vmcs_reason reason, struct vcpu_exit *exit)
{
    switch (reason) {
    case VMCS_REASON_EXCEPTION_OR_NMI:
        if (vmx_exit_is_nmi()) {
            vmx_take_nmi();
        } else {
            take_debug_exception(vcpu);
        }
        return false;
    case VMCS_REASON_INTERRUPT:
        vcpu->acknowledged = vmx_posted_acknowledged(controls);
        return false;
    case VMCS_REASON_TRIPLE_FAULT:
        take_shutdown();
        return false;
    case VMCS_REASON_CR:
        return take_cr(vcpu, exit);
    default:
        return false;
    }
}
