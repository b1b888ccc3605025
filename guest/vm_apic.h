/* SPDX-License-Identifier: GPL-2.0-only
 * Between a vCPU's virtual LAPIC and a CPU that serves part of it by itself (kernel/core/vcpu_apic.h). All on the
 * vCPU's own CPU. */
#ifndef BULKHEAD_GUEST_VM_APIC_H
#define BULKHEAD_GUEST_VM_APIC_H

#include "guest/vm.h"

/* The vCPU was just made: the backend gets its pages. */
void vm_apic_init(struct vm_cpu *cpu);

/* Before interrupts are offered: tell the backend the LAPIC's mode when it changed. */
void vm_apic_follow_mode(struct vm_cpu *cpu);

/* Does the CPU deliver this vCPU's interrupts? */
static inline bool vm_apic_delivers(const struct vm_cpu *cpu)
{
    return (cpu->apic_help & VCPU_APIC_INTERRUPTS) != 0;
}

/* It does: what lies in IRR and ISR is for the next entry. May ask for an interrupt window. deliverable: what
 * vlapic_irq_pending() says. */
void vm_apic_give(struct vm_cpu *cpu, int deliverable);

/* It serves registers alone: exit when TPR falls so low that what waits could be taken. */
void vm_apic_set_threshold(struct vm_cpu *cpu);

/* The status for a LAPIC (pure). guarded: VCPU_APIC_GUARDED. */
struct vcpu_apic_status vm_apic_status_of(struct vlapic *l, int deliverable, bool guarded);
/* TPR bits 7:4 below which the highest request could be taken; 0 when that depends on more than TPR. */
uint8_t vm_apic_threshold_of(struct vlapic *l);
/* How the guest reaches its LAPIC. */
enum vcpu_apic_mode vm_apic_mode_of(const struct vlapic *l);

#endif
