/* SPDX-License-Identifier: GPL-2.0-only
 * What happens when a guest stops for the hypervisor: every exit is handled here or ends the guest by name. */
#ifndef BULKHEAD_GUEST_VM_EXIT_H
#define BULKHEAD_GUEST_VM_EXIT_H

#include "guest/vm.h"
#include "kernel/core/vcpu_exit.h"

/* On the vCPU's own CPU, interrupts off. */
void vm_exit_handle(struct vm_cpu *cpu, const struct vcpu_exit *exit);

#endif
