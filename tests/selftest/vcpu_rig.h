/* SPDX-License-Identifier: GPL-2.0-only
 * One vCPU whose only memory is the page of the reset vector. */
#ifndef BULKHEAD_SELFTEST_VCPU_RIG_H
#define BULKHEAD_SELFTEST_VCPU_RIG_H

#include "kernel/core/radix.h"
#include "kernel/core/vcpu.h"

struct vcpu_rig {
    const struct cpu_backend *backend;
    struct vcpu vcpu;
    struct radix nested;
    struct hpa page;
    struct hpa host; /* a free page, for SVM: what of the host a test saves by itself */
};

/* On this CPU, which the backend has enabled. `code` runs first after a reset: `bytes` (at most 16) of it, in real
 * mode. */
MUST_CHECK enum status vcpu_rig_build(struct vcpu_rig *rig, const struct cpu_backend *backend, const uint8_t *code,
                                      size_t bytes);
void vcpu_rig_tear_down(struct vcpu_rig *rig);

#endif
