/* SPDX-License-Identifier: GPL-2.0-only
 * The Intel VMX backend (SDM 3C chapters 24 to 31): a vCPU behind extended page tables. */
#ifndef BULKHEAD_VMX_VMX_H
#define BULKHEAD_VMX_VMX_H

#include "kernel/core/vcpu.h"

extern const struct cpu_backend vmx_backend;

#endif
