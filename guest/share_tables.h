/* SPDX-License-Identifier: GPL-2.0-only
 * One set of tables for a guest's vCPUs and its devices, or two? One is less memory and one change for both; it takes
 * nested tables in EPT format that every unit of its devices can walk (vtd/share.h) and that hold nothing its devices
 * may not reach. Pure but for the log line. */
#ifndef BULKHEAD_GUEST_SHARE_TABLES_H
#define BULKHEAD_GUEST_SHARE_TABLES_H

#include "guest/memory.h"
#include "kernel/core/radix.h"
#include "kernel/lib/types.h"
#include "vtd/vtd.h"

struct share_facts {
    bool off;                          /* the configuration says so */
    bool reserved;                     /* its devices reach memory that firmware reserved, its vCPUs do not */
    bool apic_page;                    /* the nested tables hold the APIC-access page, at GUEST_LAPIC_START */
    const struct radix_format *format; /* of the nested tables */
    unsigned levels;                   /* theirs */
    unsigned max_leaf;                 /* the largest leaf the CPUs take */
    const struct guest_memory *memory; /* the guest's RAM */
    /* Of its devices, in any order; the same unit twice does no harm. */
    const struct vtd_unit *units[VTD_UNITS_MAX];
    unsigned unit_count;
};

#define SHARE_WHY_SIZE 96

/* How to make the nested tables, and whose they are. */
struct share_decision {
    bool shared;
    unsigned max_leaf;        /* 1, 2, 3 */
    bool flush;               /* write changed lines back: some unit's walks do not snoop */
    unsigned always;          /* rights that every leaf gets: RADIX_SNOOP or 0 */
    uint64_t address_limit;   /* shared: device addresses are below this */
    char why[SHARE_WHY_SIZE]; /* not shared: because ... */
};

struct share_decision share_tables_decide(const struct share_facts *facts);

/* The largest leaf that some part of this RAM can be mapped by: 2 or 3. */
unsigned share_tables_leaf_of(const struct guest_memory *memory);

/* "memory: guest=NAME nested tables shared with VT-d" or why not. */
void share_tables_log(const char *guest, const struct share_decision *decision);

#endif
