/* SPDX-License-Identifier: GPL-2.0-only
 * From the exit fields of the current VMCS to a plain exit (SDM 3C 28.2, 3D appendix C). */
#ifndef BULKHEAD_VMX_EXIT_H
#define BULKHEAD_VMX_EXIT_H

#include "kernel/core/vcpu_exit.h"
#include "vmx/vmcs.h"

/* Describe the exit of the current VMCS, whose basic reason this is. Reads alone. An NMI of the host is
 * VCPU_EXIT_INTERRUPT; what the backend handles by itself is decoded all the same. */
void vmx_exit_decode(enum vmcs_reason reason, struct vcpu_exit *exit);

/* The name of a reason: "EPT misconfiguration"; never NULL. */
const char *vmx_exit_name(enum vmcs_reason reason);

/* Is the exit of the current VMCS, with the reason EXCEPTION_OR_NMI, an NMI? */
bool vmx_exit_is_nmi(void);

/* Access to a control register (SDM 3C table 28-3). */
enum vmx_cr_access {
    VMX_CR_MOV_TO,
    VMX_CR_MOV_FROM,
    VMX_CR_CLTS,
    VMX_CR_LMSW,
};
struct vmx_exit_cr {
    uint8_t number;
    enum vmx_cr_access access;
    uint8_t gpr;
};
struct vmx_exit_cr vmx_exit_cr(uint64_t qualification);

#endif
