/* SPDX-License-Identifier: GPL-2.0-only
 * The registers with which a guest's vCPUs start. */
#ifndef BULKHEAD_GUEST_VM_ENTRY_H
#define BULKHEAD_GUEST_VM_ENTRY_H

#include "guest/vm.h"

/* Power-on reset; then the first vCPU gets what the kernel's protocol asks for, the others wait for a start-up IPI. On
 * the vCPU's own CPU. */
void vm_entry_set(struct vm_cpu *cpu, const struct image_entry *entry);

#endif
