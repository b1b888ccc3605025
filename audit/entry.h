/* SPDX-License-Identifier: GPL-2.0-only
 * One entry of a nested or second-level table, decoded: EPT (SDM 3C 29.3.2), nested page tables (AMD APM 2 5.3, 15.25),
 * VT-d second level (VT-d 4.1 9.8). Written from the manuals for the audit alone. */
#ifndef BULKHEAD_AUDIT_ENTRY_H
#define BULKHEAD_AUDIT_ENTRY_H

#include "audit/audit.h"

/* Memory types by their numbers in IA32_PAT and EPT entries. */
enum audit_memory_type {
    AUDIT_UC = 0,
    AUDIT_WC = 1,
    AUDIT_WT = 4,
    AUDIT_WP = 5,
    AUDIT_WB = 6,
    AUDIT_UC_MINUS = 7,
    AUDIT_NO_TYPE = 8, /* the format has none */
};

/* Who walks, as far as it decides what an entry means. */
struct audit_walker {
    enum audit_format format;
    unsigned address_bits; /* of host-physical addresses */
    unsigned max_leaf;     /* highest level with leaves: 1, 2, 3 */
    bool leaf2, leaf3;     /* second level: 2 MiB, 1 GiB leaves exist (CAP.SLLPS) */
    bool snoop;            /* second level: bit 11 of leaves is SNP (ECAP.SC), else reserved */
    bool transient;        /* second level: bit 62 of leaves is TM (ECAP.DT), else reserved */
    uint64_t pat;          /* nested page tables: the host's IA32_PAT */
};

struct audit_entry {
    bool present, leaf;
    uint8_t rights;        /* AUDIT_READ ... of this entry alone */
    uint8_t type;          /* of a leaf: enum audit_memory_type */
    enum audit_code wrong; /* AUDIT_OK, AUDIT_ENTRY_RESERVED or AUDIT_LEAF_SIZE */
    uint64_t address;      /* host-physical: of the next table, or of the leaf */
};

/* level: 1 (4 KiB leaves) to 5. */
struct audit_entry audit_entry_decode(const struct audit_walker *walker, uint64_t raw, unsigned level);

#endif
