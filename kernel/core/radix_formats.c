/* SPDX-License-Identifier: GPL-2.0-only
 * Entries of the four formats (SDM 3A 4.5, SDM 3C 29.3, APM2 5.3 and 15.25, VT-d 4.1 9.8). */
#include "kernel/core/radix.h"
#include "kernel/lib/bits.h"

/* Addresses lie in 51:12 in all formats. Bit 12 of a large leaf is PAT in the CPU's own format: never set here. */
#define ADDRESS MASK64(51, 12)
/* A leaf above level 1 has this set in all formats; tables above level 3 never have. */
#define LARGE BIT64(7)

static uint64_t large_bit(unsigned level)
{
    return level > 1 ? LARGE : 0;
}

static uint64_t when(unsigned rights, enum radix_right right, uint64_t bits)
{
    return (rights & right) != 0 ? bits : 0;
}

static unsigned right_if(uint64_t entry, uint64_t bits, enum radix_right right)
{
    return (entry & bits) == bits ? right : 0;
}

static bool is_leaf(uint64_t entry, unsigned level)
{
    return level == 1 || (level <= 3 && (entry & LARGE) != 0);
}

static struct hpa address(uint64_t entry)
{
    return hpa(entry & ADDRESS);
}

/* --- host and NPT: the CPU's own long-mode format (SDM 3A tables 4-15 to 4-20; APM2 5.3) */

#define CPU_PRESENT BIT64(0)
#define CPU_WRITE BIT64(1)
#define CPU_USER BIT64(2)
#define CPU_UNCACHED MASK64(4, 3) /* PWT and PCD: PAT entry 3, uncached after reset */
#define CPU_ACCESSED BIT64(5)
#define CPU_DIRTY BIT64(6)
#define CPU_NO_EXECUTE BIT64(63)

/* Rights are decided by the leaf alone. Accessed and dirty are set beforehand, so that the CPU never writes here. */
static uint64_t cpu_make_table(struct hpa table)
{
    return table.v | CPU_PRESENT | CPU_WRITE | CPU_USER | CPU_ACCESSED;
}

static uint64_t cpu_make_leaf(struct hpa page, unsigned level, unsigned rights)
{
    return page.v | CPU_PRESENT | CPU_ACCESSED | CPU_DIRTY | large_bit(level) | when(rights, RADIX_WRITE, CPU_WRITE) |
           when(rights, RADIX_USER, CPU_USER) | when(rights, RADIX_UNCACHED, CPU_UNCACHED) |
           when(~rights, RADIX_EXECUTE, CPU_NO_EXECUTE);
}

static bool cpu_is_present(uint64_t entry)
{
    return (entry & CPU_PRESENT) != 0;
}

static unsigned cpu_rights(uint64_t entry, unsigned level)
{
    (void)level;
    return RADIX_READ | right_if(entry, CPU_WRITE, RADIX_WRITE) | right_if(~entry, CPU_NO_EXECUTE, RADIX_EXECUTE) |
           right_if(entry, CPU_USER, RADIX_USER) | right_if(entry, CPU_UNCACHED, RADIX_UNCACHED);
}

/* Nested walks count as user accesses (APM2 15.25.5), so every leaf is a user page. */
static uint64_t npt_make_leaf(struct hpa page, unsigned level, unsigned rights)
{
    return cpu_make_leaf(page, level, rights | RADIX_USER);
}

static unsigned npt_rights(uint64_t entry, unsigned level)
{
    return cpu_rights(entry, level) & ~(unsigned)RADIX_USER;
}

/* --- EPT (SDM 3C tables 29-1 to 29-7). The memory type is never final (IPAT 6 clear): a guest's PAT makes write-back
 * memory uncached, or uncached memory write-combining (29.3.7.2). Bit 11 is ignored here: it is VT-d's snoop bit, for
 * units that walk these tables too; what else is set here they ignore in legacy mode (VT-d 4.1 9.8). */

#define EPT_READ BIT64(0)
#define EPT_WRITE BIT64(1)
#define EPT_EXECUTE BIT64(2)
#define EPT_SNOOP BIT64(11)
#define EPT_TYPE_HIGH 5
#define EPT_TYPE_LOW 3
#define EPT_TYPE_UNCACHED 0
#define EPT_TYPE_WRITE_BACK 6

static uint64_t ept_make_table(struct hpa table)
{
    return table.v | EPT_READ | EPT_WRITE | EPT_EXECUTE;
}

static uint64_t ept_make_leaf(struct hpa page, unsigned level, unsigned rights)
{
    uint64_t type = (rights & RADIX_UNCACHED) != 0 ? EPT_TYPE_UNCACHED : EPT_TYPE_WRITE_BACK;
    return page.v | large_bit(level) | bits_make(type, EPT_TYPE_HIGH, EPT_TYPE_LOW) |
           when(rights, RADIX_READ, EPT_READ) | when(rights, RADIX_WRITE, EPT_WRITE) |
           when(rights, RADIX_EXECUTE, EPT_EXECUTE) | when(rights, RADIX_SNOOP, EPT_SNOOP);
}

static bool ept_is_present(uint64_t entry)
{
    return (entry & (EPT_READ | EPT_WRITE | EPT_EXECUTE)) != 0;
}

static unsigned ept_rights(uint64_t entry, unsigned level)
{
    (void)level;
    bool uncached = bits_get(entry, EPT_TYPE_HIGH, EPT_TYPE_LOW) == EPT_TYPE_UNCACHED;
    return right_if(entry, EPT_READ, RADIX_READ) | right_if(entry, EPT_WRITE, RADIX_WRITE) |
           right_if(entry, EPT_EXECUTE, RADIX_EXECUTE) | right_if(entry, EPT_SNOOP, RADIX_SNOOP) |
           (uncached ? RADIX_UNCACHED : 0);
}

/* --- VT-d second level (VT-d 4.1 9.8): reads, writes and snooping; no execute right, no memory type */

#define VTD_READ BIT64(0)
#define VTD_WRITE BIT64(1)
#define VTD_SNOOP BIT64(11)

static uint64_t vtd_make_table(struct hpa table)
{
    return table.v | VTD_READ | VTD_WRITE;
}

static uint64_t vtd_make_leaf(struct hpa page, unsigned level, unsigned rights)
{
    return page.v | large_bit(level) | when(rights, RADIX_READ, VTD_READ) | when(rights, RADIX_WRITE, VTD_WRITE) |
           when(rights, RADIX_SNOOP, VTD_SNOOP);
}

static bool vtd_is_present(uint64_t entry)
{
    return (entry & (VTD_READ | VTD_WRITE)) != 0;
}

static unsigned vtd_rights(uint64_t entry, unsigned level)
{
    (void)level;
    return right_if(entry, VTD_READ, RADIX_READ) | right_if(entry, VTD_WRITE, RADIX_WRITE) |
           right_if(entry, VTD_SNOOP, RADIX_SNOOP);
}

const struct radix_format radix_host = {
    .name = "host",
    .make_table = cpu_make_table,
    .make_leaf = cpu_make_leaf,
    .is_present = cpu_is_present,
    .is_leaf = is_leaf,
    .address = address,
    .rights = cpu_rights,
};

const struct radix_format radix_ept = {
    .name = "ept",
    .make_table = ept_make_table,
    .make_leaf = ept_make_leaf,
    .is_present = ept_is_present,
    .is_leaf = is_leaf,
    .address = address,
    .rights = ept_rights,
};

const struct radix_format radix_npt = {
    .name = "npt",
    .make_table = cpu_make_table,
    .make_leaf = npt_make_leaf,
    .is_present = cpu_is_present,
    .is_leaf = is_leaf,
    .address = address,
    .rights = npt_rights,
};

const struct radix_format radix_vtd = {
    .name = "vt-d",
    .make_table = vtd_make_table,
    .make_leaf = vtd_make_leaf,
    .is_present = vtd_is_present,
    .is_leaf = is_leaf,
    .address = address,
    .rights = vtd_rights,
};
