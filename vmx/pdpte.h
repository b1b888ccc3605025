/* SPDX-License-Identifier: GPL-2.0-only
 * The four page-directory-pointer entries of PAE paging, which a guest's CPU keeps in registers (SDM 3A 4.4.1, 3C
 * 27.3.1.6). Its own MOV to CR3 loads them; when the hypervisor writes a paging register, this does. */
#ifndef BULKHEAD_VMX_PDPTE_H
#define BULKHEAD_VMX_PDPTE_H

#include "kernel/core/vcpu.h"

/* Into the current VMCS, which is vcpu's; nothing in any other paging mode. What is not in the guest's memory counts
 * as not present. */
void vmx_pdpte_load(const struct vcpu *vcpu);

#endif
