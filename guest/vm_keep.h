/* SPDX-License-Identifier: GPL-2.0-only
 * What the last of a stopped guest's vCPUs does with it, while the others wait: devices withdrawn, memory scrubbed,
 * then it rests, or waits, or starts again. In steps, so that others on the CPU have their turns. */
#ifndef BULKHEAD_GUEST_VM_KEEP_H
#define BULKHEAD_GUEST_VM_KEEP_H

#include "guest/vm_create.h"

enum vm_keep_outcome {
    VM_KEEP_ON,   /* there are further steps, or it rests or waits */
    VM_KEEP_RUN,  /* everything is as after power-on: the vCPUs may run */
    VM_KEEP_OVER, /* no guest starts any more: the vCPUs end */
};

/* All vCPUs came together: vm->end says why. */
void vm_keep_begin(struct vm_owned *owned);

/* Is there a step to do? *wake_ns is lowered to when time alone may change the answer. */
bool vm_keep_wants(const struct vm_owned *owned, uint64_t *wake_ns);

/* Do that step. Withdrawing the devices is one, and so is loading the images; resets of devices are not waited for. */
enum vm_keep_outcome vm_keep_step(struct vm_owned *owned);

#endif
