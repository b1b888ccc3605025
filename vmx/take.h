/* SPDX-License-Identifier: GPL-2.0-only
 * What the backend itself does about an exit, before or instead of the guest layer. */
#ifndef BULKHEAD_VMX_TAKE_H
#define BULKHEAD_VMX_TAKE_H

#include "kernel/core/vcpu.h"
#include "vmx/controls.h"
#include "vmx/vmcs.h"

/* After an exit of vcpu, decoded into *exit and stored: an NMI of the host is served, DR6 gets what a #DB found, hidden
 * bits of CR0 are shown, an acknowledged interrupt is noted. True: enter again. */
MUST_CHECK bool vmx_take(struct vcpu *vcpu, const struct vmx_controls *controls, enum vmcs_reason reason,
                         struct vcpu_exit *exit);

#endif
