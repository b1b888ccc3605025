/* SPDX-License-Identifier: GPL-2.0-only
 * An interrupt line of the physical machine to a handler of the hypervisor: through the I/O APIC's pin and an entry of
 * the remapping table. */
#ifndef BULKHEAD_KERNEL_GSI_H
#define BULKHEAD_KERNEL_GSI_H

#include "kernel/core/irq.h"
#include "kernel/isolate.h"

struct gsi {
    struct ioapic *io;
    unsigned pin;
    struct vtd_unit *unit;
    uint16_t handle;
    unsigned cpu;
    uint8_t vector;
};

/* The global system interrupt of an ISA interrupt, by the MADT's overrides. */
uint32_t gsi_of_isa(const struct machine *m, uint8_t irq);

/* Edge-triggered, active high, to that CPU; unmasked when it returns. STATUS_NOT_FOUND: no I/O APIC has the line, or
 * no unit names the I/O APIC. */
MUST_CHECK enum status gsi_route(struct gsi *gsi, struct isolate *iso, const struct machine *m, uint32_t number,
                                 unsigned cpu, irq_handler *handler, void *context);

/* Masked, and everything given back. */
MUST_CHECK enum status gsi_release(struct gsi *gsi);

#endif
