/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupts of one vCPU: from the local APIC, the 8259 pair and messages to the next entry. */
#ifndef BULKHEAD_GUEST_VM_INTERRUPTS_H
#define BULKHEAD_GUEST_VM_INTERRUPTS_H

#include "guest/vm.h"

/* Connect the local APICs to each other and to the I/O APIC, and device messages to them. No device is attached, or all
 * interrupts of those that are were given back: remapping units may post into the local APICs otherwise. */
void vm_interrupts_init(struct vm *vm);

/* On a CPU that several vCPUs share, on that CPU: what each of them does now; for RUNS and SLEEPS before
 * vm_interrupts_offer is asked. Nothing where interrupts are not posted. */
void vm_interrupts_place(struct vm_cpu *cpu, enum posting_place place);

/* INIT, start-up and NMI that came meanwhile. On the vCPU's own CPU. */
void vm_interrupts_take_events(struct vm_cpu *cpu);

/* Give the vCPU what it can take now, or ask for a window. True when something waits for it. */
bool vm_interrupts_offer(struct vm_cpu *cpu);

/* An NMI waits that could not be given: no exit tells when it can, so every exit has to offer again. */
bool vm_interrupts_nmi_waits(const struct vm_cpu *cpu);

#endif
