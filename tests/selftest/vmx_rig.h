/* SPDX-License-Identifier: GPL-2.0-only
 * One vCPU whose only memory is the page of the reset vector. */
#ifndef BULKHEAD_SELFTEST_VMX_RIG_H
#define BULKHEAD_SELFTEST_VMX_RIG_H

#include "kernel/core/radix.h"
#include "kernel/core/vcpu.h"

struct vmx_rig {
    struct vcpu vcpu;
    struct radix nested;
    struct hpa page;
};

/* On this CPU, in VMX operation. `code` runs first after a reset: `bytes` (at most 16) of it, in real mode. */
MUST_CHECK enum status vmx_rig_build(struct vmx_rig *rig, const uint8_t *code, size_t bytes);
void vmx_rig_tear_down(struct vmx_rig *rig);

#endif
