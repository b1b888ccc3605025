/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupts in compatibility format: messages and I/O APIC entries that name CPU and vector themselves, for units that
 * do not remap interrupts (VT-d 4.1 5.1.2.1; SDM 3A 11.11; 82093AA 3.2.4). Fixed delivery to one CPU alone. Pure. */
#ifndef BULKHEAD_VTD_COMPAT_H
#define BULKHEAD_VTD_COMPAT_H

#include "kernel/lib/types.h"
#include "vtd/irte.h"

/* A destination has 8 bits, and all ones is everybody. */
#define VTD_COMPAT_APIC_ID_MAX 254u

/* Can that CPU be named? The functions below take no other. */
static inline bool vtd_compat_reaches(uint32_t apic_id)
{
    return apic_id <= VTD_COMPAT_APIC_ID_MAX;
}

/* What to write into a function's MSI or MSI-X registers; edge-triggered. */
struct vtd_msi vtd_compat_msi(uint8_t vector, uint32_t apic_id);

/* An I/O APIC redirection entry. */
uint64_t vtd_compat_ioapic(uint32_t apic_id, struct vtd_ioapic_pin pin);

#endif
