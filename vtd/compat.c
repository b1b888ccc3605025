/* SPDX-License-Identifier: GPL-2.0-only
 * Compatibility format. Physical destination, fixed delivery: the fields for both are 0. */
#include "vtd/compat.h"

#include "kernel/core/panic.h"
#include "kernel/lib/bits.h"

#define MSI_WINDOW UINT64_C(0xfee00000)

struct vtd_msi vtd_compat_msi(uint8_t vector, uint32_t apic_id)
{
    bulkhead_assert(vtd_compat_reaches(apic_id));
    return (struct vtd_msi){.address = MSI_WINDOW | bits_make(apic_id, 19, 12), .data = vector};
}

uint64_t vtd_compat_ioapic(uint32_t apic_id, struct vtd_ioapic_pin pin)
{
    bulkhead_assert(vtd_compat_reaches(apic_id));
    return bits_make(apic_id, 63, 56) | bits_make(pin.masked, 16, 16) | bits_make(pin.level, 15, 15) |
           bits_make(pin.active_low, 13, 13) | pin.vector;
}
