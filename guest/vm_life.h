/* SPDX-License-Identifier: GPL-2.0-only
 * The life of a guest's vCPUs: made, started, started anew, ended. When the guest stops, all its vCPUs come together
 * and the last one to come keeps it until it starts again (vm_keep.h). Nothing here waits for another vCPU: it may have
 * to run on this very CPU. */
#ifndef BULKHEAD_GUEST_VM_LIFE_H
#define BULKHEAD_GUEST_VM_LIFE_H

#include "guest/vm_create.h"

/* True when there is a step to do before the vCPU may run, or run on. From its host CPU, interrupts off: what comes
 * later comes with a kick, or with the time: *wake_ns is lowered to that. */
bool vm_life_pending(const struct vm_cpu *cpu, uint64_t *wake_ns);

/* Do that step, on its host CPU, interrupts on. Most are short; vm_keep.h names those that are not. */
void vm_life_step(struct vm_cpu *cpu);

/* True when the lives of all vCPUs have ended. */
bool vm_life_has_ended(const struct vm_owned *owned);

#endif
