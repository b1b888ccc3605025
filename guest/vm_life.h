/* SPDX-License-Identifier: GPL-2.0-only
 * The life of a guest's vCPUs: made, started, started anew, ended. When the guest stops, all its vCPUs come together
 * and the last one to come decides. Nothing here waits for another vCPU: it may have to run on this very CPU. */
#ifndef BULKHEAD_GUEST_VM_LIFE_H
#define BULKHEAD_GUEST_VM_LIFE_H

#include "guest/vm_create.h"

/* True when there is a step to do before the vCPU may run, or run on. From its host CPU, interrupts off: what comes
 * later comes with a kick. */
bool vm_life_pending(const struct vm_cpu *cpu);

/* Do that step, on its host CPU, interrupts on. Clearing the guest's RAM anew takes many short steps; but loading its
 * images is one step, and so is resetting its devices, which may take a second. */
void vm_life_step(struct vm_cpu *cpu);

/* The guest's time is 0 now: before its vCPUs start. */
void vm_life_set_clock(struct vm_owned *owned);

/* True when the lives of all vCPUs have ended, and its devices are taken back. */
bool vm_life_has_ended(const struct vm_owned *owned);

#endif
