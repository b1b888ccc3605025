/* SPDX-License-Identifier: GPL-2.0-only
 * Which vCPU's VMCS is the current one of each CPU (SDM 3C 25.1). */
#ifndef BULKHEAD_VMX_CURRENT_H
#define BULKHEAD_VMX_CURRENT_H

#include "kernel/core/vcpu.h"

/* Make vcpu's VMCS current on its CPU, which must be the calling one; free when it is already. */
void vmx_current_make(const struct vcpu *vcpu);
/* Its VMCS is written back to memory and no longer in use by the CPU; the next entry launches it anew. */
void vmx_current_drop(const struct vcpu *vcpu);

#endif
