/* SPDX-License-Identifier: GPL-2.0-only
 * Writes of vCPUs to watched memory. */
#ifndef BULKHEAD_GUEST_VM_WATCH_H
#define BULKHEAD_GUEST_VM_WATCH_H

#include "guest/vm.h"
#include "kernel/core/vcpu_exit.h"

/* Of an exit for memory: was it a write to what the guest watches? True: it was told, and it is dealt with: let go on
 * for a while, or carried out without its effect on watched memory. An instruction that cannot be carried out in part
 * gets #GP; a delivery of an event, or a walk of page tables there, ends the guest. */
bool vm_watch_exit(struct vm_cpu *cpu, const struct vcpu_exit *exit);

#endif
