/* SPDX-License-Identifier: GPL-2.0-only
 * A remapping unit by its registers (VT-d 4.1 11.4): that translation and interrupt remapping are on, and where its
 * tables are. Only read. */
#ifndef BULKHEAD_AUDIT_UNIT_H
#define BULKHEAD_AUDIT_UNIT_H

#include "audit/state.h"

struct audit_unit_state {
    uint32_t index;
    uint64_t root;              /* of its root table; 0: not to be walked */
    uint64_t interrupts;        /* of its interrupt table; 0: not to be walked */
    unsigned interrupt_count;   /* entries */
    bool x2apic;                /* destinations have 32 bits */
    unsigned widths;            /* CAP.SAGAW: bit 1 three levels, 2 four, 3 five */
    unsigned domains;           /* domain ids are below */
    bool caching;               /* CAP.CM: domain id 0 is reserved */
    struct audit_walker walker; /* what it makes of second-level entries */
};

/* Reads the registers of unit `index`; findings for what is off. */
struct audit_unit_state audit_unit_read(struct audit_state *s, uint32_t index);

/* The queue's pages: hypervisor memory, nobody else's. */
void audit_unit_check_queue(struct audit_state *s, uint32_t index);

#endif
