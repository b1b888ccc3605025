/* SPDX-License-Identifier: GPL-2.0-only
 * IA32_FEATURE_CONTROL: may VMXON be executed, and what has to be written before (SDM 3C 24.7). */
#ifndef BULKHEAD_VMX_FEATURE_CONTROL_H
#define BULKHEAD_VMX_FEATURE_CONTROL_H

#include "kernel/lib/types.h"

enum vmx_feature_control_kind {
    VMX_FEATURE_CONTROL_READY,   /* locked, with VMX outside SMX */
    VMX_FEATURE_CONTROL_WRITE,   /* not locked: write `value`, which allows VMX and locks */
    VMX_FEATURE_CONTROL_REFUSED, /* locked without it: only firmware can change that */
};

struct vmx_feature_control {
    enum vmx_feature_control_kind kind;
    uint64_t value;
};

/* Decide from what the MSR of this CPU holds. Its other bits stay as they are. */
struct vmx_feature_control vmx_feature_control_decide(uint64_t msr);

#endif
