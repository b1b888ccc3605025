/* SPDX-License-Identifier: GPL-2.0-only
 * Encoding of root and context entries (VT-d 4.1 9.1, 9.3). */
#include "vtd/context.h"

#include "kernel/lib/bits.h"

#define PRESENT BIT64(0)
#define ADDRESS MASK64(63, 12)
#define TT_DEVICE_TLB 1u /* bits 3:2 */

uint64_t vtd_context_root_entry(struct hpa context_table)
{
    return (context_table.v & ADDRESS) | PRESENT;
}

bool vtd_context_root_present(uint64_t low)
{
    return (low & PRESENT) != 0;
}

struct hpa vtd_context_root_table(uint64_t low)
{
    return hpa(low & ADDRESS);
}

struct vtd_context vtd_context_make(struct hpa tables, unsigned levels, uint16_t domain)
{
    return (struct vtd_context){
        .low = (tables.v & ADDRESS) | PRESENT,
        .high = bits_make(levels - 2, 2, 0) | bits_make(domain, 23, 8),
    };
}

struct vtd_context vtd_context_with_device_tlb(struct vtd_context c)
{
    c.low = (c.low & ~MASK64(3, 2)) | bits_make(TT_DEVICE_TLB, 3, 2);
    return c;
}

bool vtd_context_present(struct vtd_context c)
{
    return (c.low & PRESENT) != 0;
}

struct hpa vtd_context_tables(struct vtd_context c)
{
    return hpa(c.low & ADDRESS);
}

unsigned vtd_context_levels(struct vtd_context c)
{
    return (unsigned)bits_get(c.high, 2, 0) + 2;
}

uint16_t vtd_context_domain(struct vtd_context c)
{
    return (uint16_t)bits_get(c.high, 23, 8);
}
