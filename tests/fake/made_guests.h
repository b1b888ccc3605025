/* SPDX-License-Identifier: GPL-2.0-only
 * Two guests made by the product's own builders (vm_create) on the pretended machine, for the isolation auditor:
 * memory, PCI functions, and the strict model of a remapping unit behind everything. What the auditor is told comes
 * from kernel/audit_facts.c, as on the real machine. */
#ifndef BULKHEAD_FAKE_MADE_GUESTS_H
#define BULKHEAD_FAKE_MADE_GUESTS_H

#include "audit/audit.h"
#include "guest/vm_create.h"
#include "kernel/isolate.h"
#include "tests/fake/pci.h"
#include "tests/fake/vtd_rig.h"

enum made_guests_place {
    MADE_POOL = 0x1100000,   /* the hypervisor's memory, to MADE_WEB */
    MADE_WEB = 0x1a00000,    /* guest web's RAM: 4 MiB, and the 2 MiB behind guest store's */
    MADE_STORE = 0x1e00000,  /* guest store's RAM: 2 MiB */
    MADE_MORE = 0x2000000,   /* web's second block */
    MADE_REGION = 0x2200000, /* two pages that firmware reserved for store's device */
    MADE_FIRMWARE = 0x2300000,
    MADE_END = 0x2400000,
    MADE_BAR_WEB = 0x40000000, /* 16 KiB, MSI-X table at 0x2000 */
    MADE_BAR_WEB_BYTES = 0x4000,
    MADE_TABLE = 0x2000,
    MADE_BAR_STORE = 0x40100000, /* 64 KiB */
    MADE_BAR_STORE_BYTES = 0x10000,
};

enum { MADE_OWNER_WEB, MADE_OWNER_STORE, MADE_OWNERS };

/* What CPU and unit are like. */
struct made_guests_kind {
    const char *name;
    struct vtd_model_config (*unit)(void);
    const struct radix_format *format; /* of nested tables */
    unsigned max_leaf;                 /* of the same */
    bool reserved;                     /* store's device has a reserved region */
};

struct made_guests {
    struct vtd_rig vtd;
    struct memory_map map;
    uint8_t arena_bytes[64 * 1024] __attribute__((aligned(16)));
    struct arena arena;
    struct pci_ecam window;
    struct machine machine;
    struct dmar_unit unit;
    struct dmar_rmrr region;
    struct dmar_scope scope;
    struct dmar_hop hop;
    struct isolate isolate;
    unsigned vtd_index;
    struct plan_device plans[MADE_OWNERS];
    struct vm_device devices[MADE_OWNERS]; /* 01:00.0 with an alias, 02:00.0 */
    struct plan_reserved reserved;
    struct guest_memory memory[MADE_OWNERS];
    unsigned cpus[MADE_OWNERS];
    struct vm_owned guests[MADE_OWNERS];
    uint8_t kernel[8192];
    uint8_t registers[MADE_BAR_WEB_BYTES]; /* of web's device */
    struct audit_result result;
};

/* Power-on to two guests that are made; aborts when a builder refuses. One at a time, reused by the next call. */
void made_guests_make(struct made_guests *m, const struct made_guests_kind *kind);

/* vm_create() of one, its devices, and vm_create_end(). */
MUST_CHECK enum status made_guests_create(struct vm_owned *owned, const struct vm_request *request,
                                          char why[VM_WHY_SIZE]);

/* What drivers in the guests do: decode, bus mastering, and two MSI-X messages in web, an MSI in store. */
void made_guests_use_devices(struct made_guests *m);
/* web moves its device's registers elsewhere. */
void made_guests_move_bar(struct made_guests *m);

/* The unit posts the interrupts of web's device. */
bool made_guests_posts(struct made_guests *m);

/* Facts, then the audit of `owner` or AUDIT_ALL; findings go to stdout. */
bool made_guests_audit(struct made_guests *m, uint32_t owner);

#endif
