/* SPDX-License-Identifier: GPL-2.0-only
 * Caches between a guest's CPUs and its devices. Where a unit forces snooping (ECAP.SC) DMA never looks past them;
 * elsewhere a device may, and what its guest writes back must really be. */
#ifndef BULKHEAD_GUEST_VM_CACHES_H
#define BULKHEAD_GUEST_VM_CACHES_H

#include "guest/vm.h"

/* What was written to the guest's RAM on this CPU is in memory itself, if any of its devices may look there:
 * vm->real_wbinvd. What the guest's WBINVD does; also after its RAM was cleared and its images were put there. */
void vm_caches_write_back(const struct vm *vm);

#endif
