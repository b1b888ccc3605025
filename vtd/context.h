/* SPDX-License-Identifier: GPL-2.0-only
 * Root and context entries, 128 bits each (VT-d 4.1 9.1, 9.3). Pure. */
#ifndef BULKHEAD_VTD_CONTEXT_H
#define BULKHEAD_VTD_CONTEXT_H

#include "kernel/lib/types.h"

struct vtd_context {
    uint64_t low, high;
};

/* Root entry, low half, that points to a context table; the high half is 0. */
uint64_t vtd_context_root_entry(struct hpa context_table);
bool vtd_context_root_present(uint64_t low);
struct hpa vtd_context_root_table(uint64_t low);

/* A present entry: untranslated requests walk the tables (TT = 0), translation requests and translated requests are
 * blocked, faults are recorded. levels is 3, 4 or 5. */
struct vtd_context vtd_context_make(struct hpa tables, unsigned levels, uint16_t domain);

/* The same, and translation requests are answered and translated requests let through (TT = 1, needs ECAP.DT). */
struct vtd_context vtd_context_with_device_tlb(struct vtd_context c);

bool vtd_context_present(struct vtd_context c);
struct hpa vtd_context_tables(struct vtd_context c);
unsigned vtd_context_levels(struct vtd_context c);
uint16_t vtd_context_domain(struct vtd_context c);

#endif
