/* SPDX-License-Identifier: GPL-2.0-only
 * A small machine for the audit, its tables written by hand as the manuals draw them, without a line of the driver:
 * one unit, two guests, one device that firmware goes on using. Tests change a word and look what is found. */
#ifndef BULKHEAD_FAKE_AUDIT_RIG_H
#define BULKHEAD_FAKE_AUDIT_RIG_H

#include "audit/audit.h"

/* Physical memory, 16 MiB of it pretended. */
enum audit_rig_place {
    ARIG_BASE = 0x1000000,     /* the hypervisor's memory: tables */
    ARIG_WEB = 0x1400000,      /* 4 MiB of RAM of guest web */
    ARIG_STORE = 0x1800000,    /* 2 MiB of RAM of guest store */
    ARIG_RESERVED = 0x1a00000, /* two pages, firmware's device reaches them */
    ARIG_FIRMWARE = 0x1b00000, /* 1 MiB that nobody may reach */
    ARIG_END = 0x2000000,      /* from 0x1c00000 on: nobody's and not named */
};
#define ARIG_UNIT UINT64_C(0xfed90000)
#define ARIG_BAR UINT64_C(0xd0000000) /* two pages, registers of web's device */

/* Pages of the hypervisor, by number from ARIG_BASE. */
enum audit_rig_page {
    /* web: EPT, 2 MiB leaves for RAM, 4 KiB for the BAR at 0xc0000000; its devices have tables of their own */
    PAGE_WEB4,
    PAGE_WEB3,
    PAGE_WEB2,
    PAGE_WEB2_BAR,
    PAGE_WEB1_BAR,
    PAGE_WEB_DEVICE3,
    PAGE_WEB_DEVICE2,
    PAGE_WEB_DEVICE1, /* three levels; first 2 MiB by 4 KiB leaves */
    /* store: EPT, 4 KiB leaves, shared with its devices */
    PAGE_STORE4,
    PAGE_STORE3,
    PAGE_STORE2,
    PAGE_STORE1,
    PAGE_RESERVED4,
    PAGE_RESERVED3,
    PAGE_RESERVED2,
    PAGE_RESERVED1, /* firmware's device */
    PAGE_ROOT,
    PAGE_CONTEXT0,
    PAGE_CONTEXT1,
    PAGE_INTERRUPTS,
    PAGE_QUEUE,
    PAGE_POSTED, /* store's posted-interrupt descriptor */
    PAGE_SPARE,
    PAGE_SPARE2,
};

enum audit_rig_source {
    SOURCE_WEB = 0x0010,       /* 00:02.0 */
    SOURCE_WEB_ALIAS = 0x0100, /* 01:00.0 */
    SOURCE_STORE = 0x0018,     /* 00:03.0 */
    SOURCE_FIRMWARE = 0x00a0,  /* 00:14.0 */
    SOURCE_IOAPIC = 0xf0f8,
    SOURCE_NOBODY = 0x00b0,
};

enum { OWNER_WEB, OWNER_STORE, OWNER_FIRMWARE, OWNERS };

/* Index of interrupt entries. */
enum { IRTE_IOAPIC, IRTE_WEB, IRTE_STORE, IRTE_STORE_BUS, IRTE_FREE };

struct audit_rig {
    uint64_t cap, ecap, rtaddr, irta, iqa;
    uint32_t gsts;
    struct audit_owner owners[OWNERS];
    struct audit_range ranges[8];
    struct audit_source sources[8];
    struct audit_sender senders[8];
    struct audit_facts facts;
    struct audit_result result;
    void *scratch; /* from the last run; audit_rig_free() */
};

/* Everything as it must be: audit_rig_run() is true. *rig is all zeroes, or was made before. */
void audit_rig_make(struct audit_rig *rig);
void audit_rig_free(struct audit_rig *rig);

/* Address of a page, and one 64-bit word of it. */
uint64_t audit_rig_at(enum audit_rig_page page);
uint64_t *audit_rig_word(enum audit_rig_page page, unsigned index);

/* Both words of an interrupt entry; high's low half is source id, SQ, SVT. */
void audit_rig_irte(unsigned index, uint64_t low, uint64_t high);

/* Audit with memory of exactly the size asked for. */
bool audit_rig_run(struct audit_rig *rig, uint32_t owner, const struct audit_writer *out);

#endif
