/* SPDX-License-Identifier: GPL-2.0-only
 * The ACPI power-management timer: 3.579545 MHz, counting up, read-only (ACPI 6.4 4.8.2.1). */
#ifndef BULKHEAD_GUEST_PMTIMER_H
#define BULKHEAD_GUEST_PMTIMER_H

#include "guest/ticks.h"
#include "kernel/lib/bits.h"

#define PMTIMER_HZ UINT64_C(3579545)

/* bits: 24 or 32, as the FADT says. offset 0..3 and width 1, 2 or 4 of the register; all ones beyond it. */
static inline uint32_t pmtimer_read(unsigned bits, unsigned offset, unsigned width, uint64_t now_ns)
{
    if (offset + width > 4) {
        return MASK32(8 * width - 1, 0);
    }
    uint64_t count = ticks_from_ns(now_ns, PMTIMER_HZ) & MASK64(bits - 1, 0);
    return (uint32_t)bits_get(count, 8 * (offset + width) - 1, 8 * offset);
}

#endif
