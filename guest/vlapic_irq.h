/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupts inside a local APIC: posting, priority, acceptance, end of interrupt (SDM 3A 11.8). */
#ifndef BULKHEAD_GUEST_LAPIC_IRQ_H
#define BULKHEAD_GUEST_LAPIC_IRQ_H

#include "guest/vlapic.h"

/* What is not a vector; posted by any CPU, taken by the vCPU's own loop. */
enum vlapic_event {
    LAPIC_EVENT_NMI = 1 << 0,
    LAPIC_EVENT_INIT = 1 << 1,
    LAPIC_EVENT_SIPI = 1 << 2, /* start page in sipi_vector */
    LAPIC_EVENT_EXTINT = 1 << 3,
    LAPIC_EVENT_LEVEL = 1 << 4, /* taken by vlapic_irq_collect */
};

/* From any CPU: whatever a message asks for, its destination already matched. False when nothing came of it (the LAPIC
 * is disabled, or the vector is below 16). */
bool vlapic_irq_deliver(struct vlapic *l, const struct apic_message *message);

/* From its own vCPU only: */

/* vlapic_irq_deliver for what the vCPU itself sends or its own LAPIC raises. */
bool vlapic_irq_deliver_own(struct vlapic *l, const struct apic_message *message);

/* Pending events are handed over and forgotten; the others stay. */
uint32_t vlapic_irq_take_events(struct vlapic *l, uint32_t wanted);
/* True while one of them is pending. */
bool vlapic_irq_has_events(const struct vlapic *l, uint32_t events);
/* Level-triggered vectors that were posted are no more. */
void vlapic_irq_forget_levels(struct vlapic *l);
/* Move what was posted to IRR. The next two do so by themselves. */
void vlapic_irq_collect(struct vlapic *l);
/* The vector to inject next, PPR respected; -1 for none. */
int vlapic_irq_pending(struct vlapic *l);
/* Highest vector in IRR whatever the priority, -1 for none (to decide whether TPR changes matter). */
int vlapic_irq_highest(struct vlapic *l);
/* Highest vector in ISR, -1 for none. */
int vlapic_irq_in_service(const struct vlapic *l);
/* The vector vlapic_irq_pending named is being delivered: IRR to ISR. */
void vlapic_irq_accept(struct vlapic *l, uint8_t vector);
void vlapic_irq_eoi(struct vlapic *l);
/* The CPU itself ended this vector's service: tell the I/O APIC if it was level-triggered. */
void vlapic_irq_finished(struct vlapic *l, uint8_t vector);
uint8_t vlapic_irq_ppr(const struct vlapic *l);

/* A local source fires as its LVT entry says. lvt: one of the LAPIC_LVT_ offsets. */
void vlapic_irq_local(struct vlapic *l, enum vlapic_register lvt);
/* True when the 8259 pair's INTR reaches this vCPU: LAPIC off, or LINT0 unmasked in ExtINT mode. */
bool vlapic_irq_takes_extint(const struct vlapic *l);

/* Record an error of enum vlapic_bits; interrupts by LVT error. */
void vlapic_irq_error(struct vlapic *l, uint32_t error);

#endif
