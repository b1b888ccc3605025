/* SPDX-License-Identifier: GPL-2.0-only
 * VMX operation of one CPU: what has to hold before VMXON, and the way out (SDM 3C 24.7, 24.8). */
#ifndef BULKHEAD_VMX_OPERATION_H
#define BULKHEAD_VMX_OPERATION_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vmx/capability.h"

/* Can one set of controls and one kind of VMCS serve both CPUs? IA32_FEATURE_CONTROL is each CPU's own. Pure. */
bool vmx_operation_is_alike(const struct vmx_capability *a, const struct vmx_capability *b);

/* Are CR0 and CR4 as VMX operation wants them (SDM 3C 24.8)? Else VMXON is #GP. Pure. */
bool vmx_operation_fits(const struct vmx_capability *c, uint64_t cr0, uint64_t cr4);

/* On this CPU: open IA32_FEATURE_CONTROL, set CR4.VMXE, VMXON; region has the revision in its first word. On failure
 * CR4 is as before. STATUS_UNSUPPORTED: firmware locked VMX off, or a bit of CR0 or CR4 does not fit; STATUS_HARDWARE:
 * VMXON failed. */
MUST_CHECK enum status vmx_operation_start(const struct vmx_capability *c, struct hpa region);
void vmx_operation_end(void);

#endif
