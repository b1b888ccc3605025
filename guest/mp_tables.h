/* SPDX-License-Identifier: GPL-2.0-only
 * The MP table of a guest, for kernels that know no ACPI or are told not to use it (Intel MultiProcessor Specification
 * 1.4, chapter 4): CPUs, the PCI and ISA buses, one I/O APIC and where interrupts end. It says what the MADT says. */
#ifndef BULKHEAD_GUEST_MP_TABLES_H
#define BULKHEAD_GUEST_MP_TABLES_H

#include "guest/memory.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* Write pointer structure and configuration table to GUEST_MP_START .. GUEST_FIRMWARE_CODE. cpu_count: 1 to 64, APIC
 * ids 0.., signature: CPUID leaf 1 EAX, features: EDX. STATUS_OUT_OF_RANGE: the guest has no RAM there. */
MUST_CHECK enum status mp_tables_write(const struct guest_memory *memory, unsigned cpu_count, uint32_t signature,
                                       uint32_t features);

#endif
