/* SPDX-License-Identifier: GPL-2.0-only
 * Where the global system interrupts of the machine end (ACPI 6.5 5.2.13). */
#ifndef BULKHEAD_KERNEL_GSI_H
#define BULKHEAD_KERNEL_GSI_H

#include "kernel/isolate.h"
#include "vtd/line.h"

/* The global system interrupt of an ISA interrupt, by the MADT's overrides. */
uint32_t gsi_of_isa(const struct machine *m, uint8_t irq);

/* place.io is NULL when no I/O APIC has the line, or no unit names the I/O APIC. */
struct vtd_line_place gsi_place(struct isolate *iso, const struct machine *m, uint32_t number);

#endif
