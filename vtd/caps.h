/* SPDX-License-Identifier: GPL-2.0-only
 * What a remapping unit can do, read once from CAP and ECAP (VT-d 4.1 11.4.2, 11.4.3) into plain values. */
#ifndef BULKHEAD_VTD_CAPS_H
#define BULKHEAD_VTD_CAPS_H

#include "kernel/lib/types.h"

struct vtd_caps {
    uint64_t cap, ecap; /* as read, for the log */

    uint32_t domain_count;     /* 2^(4 + 2 * ND): 16 .. 65536 */
    bool write_buffer_flush;   /* RWBF: flush explicitly after changing tables */
    bool protected_low;        /* PLMR */
    bool protected_high;       /* PHMR */
    bool caching_mode;         /* CM: not-present entries may be cached too */
    unsigned level_mask;       /* SAGAW: bit 1 = 3 levels, bit 2 = 4 levels, bit 3 = 5 levels */
    unsigned address_bits;     /* MGAW + 1: width of the addresses devices may use */
    bool pages_2m, pages_1g;   /* second-level superpages */
    bool page_selective;       /* PSI: IOTLB invalidation of an address range */
    unsigned max_address_mask; /* MAMV: largest range is 2^MAMV pages */
    bool drain_write, drain_read;
    unsigned fault_offset; /* of the first fault record, bytes from the unit's base */
    unsigned fault_count;  /* number of fault records (NFR + 1) */
    bool posting;          /* PI: posted interrupts */

    bool coherent;            /* C: table walks snoop the CPU's caches */
    bool queued;              /* QI */
    bool device_tlb;          /* DT */
    bool interrupt_remapping; /* IR */
    bool x2apic;              /* EIM: 32-bit APIC ids in remapping entries */
    bool snoop_control;       /* SC: a leaf may force snooping */
    bool throttle;            /* DIT: device-TLB invalidations name the physical function (VT-d 5.10 11.4.3) */
    bool scalable;            /* SMTS: reported only; legacy mode is used */
    unsigned iotlb_offset;    /* of the IOTLB registers, bytes from the unit's base */
};

struct vtd_caps vtd_caps_make(uint64_t cap, uint64_t ecap);

/* Bytes of register space that the unit's own registers, fault records and IOTLB registers need. */
uint64_t vtd_caps_window(const struct vtd_caps *caps);

/* The table depth to use, given a mask like level_mask: 4, else 3, else 5; 0 when it has none of them. */
unsigned vtd_caps_levels(unsigned level_mask);

/* The largest leaf: 3 (1 GiB), 2 (2 MiB) or 1 (4 KiB). 1 GiB counts only together with 2 MiB. */
unsigned vtd_caps_max_leaf(const struct vtd_caps *caps);

/* The first address that no device may use with tables of that depth: 2^min(address_bits, 12 + 9 * levels). */
uint64_t vtd_caps_limit(const struct vtd_caps *caps, unsigned levels);

#endif
