/* SPDX-License-Identifier: GPL-2.0-only
 * Why an entry failed: a snapshot of the current VMCS for vmx/entry_check.h. */
#ifndef BULKHEAD_VMX_ENTRY_STATE_H
#define BULKHEAD_VMX_ENTRY_STATE_H

#include "vmx/capability.h"
#include "vmx/state.h"

/* In words: the check that the current VMCS, v's, does not pass; `otherwise` when all that are known pass. */
const char *vmx_entry_state_explain(const struct vmx_vcpu *v, const struct vmx_capability *capability,
                                    const char *otherwise);

/* VMCS_INSTRUCTION_ERROR in words (SDM 3C table 31-1). */
const char *vmx_entry_state_error(uint32_t error);

#endif
