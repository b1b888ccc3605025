/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt remapping table entries, 128 bits each (VT-d 4.1 9.9, posted ones 9.10), and the messages that name them
 * (5.1.2.2, 5.1.5.1). Only fixed delivery to one CPU, and posting, can be written: NMI, SMI, INIT and ExtINT have no
 * encoding here. Pure. */
#ifndef BULKHEAD_VTD_IRTE_H
#define BULKHEAD_VTD_IRTE_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct vtd_irte {
    uint64_t low, high;
};

/* Who may use an entry. */
struct vtd_irte_source {
    bool bus_range; /* false: exactly rid; true: any requester on first_bus..last_bus (behind a PCI bridge) */
    uint16_t rid;   /* the 16-bit requester id */
    uint8_t first_bus, last_bus;
};

static inline struct vtd_irte_source vtd_irte_source_function(uint16_t rid)
{
    return (struct vtd_irte_source){.rid = rid};
}

static inline struct vtd_irte_source vtd_irte_source_buses(uint8_t first, uint8_t last)
{
    return (struct vtd_irte_source){.bus_range = true, .first_bus = first, .last_bus = last};
}

/* Where the interrupt goes. */
struct vtd_irte_target {
    uint8_t vector; /* 0x10 .. 0xfe */
    uint32_t apic_id;
    bool level; /* trigger mode; false = edge (every MSI) */
};

/* Or: made pending in a posted-interrupt descriptor (kernel/core/posted.h). */
struct vtd_irte_posted {
    uint8_t vector;        /* the guest's, 0x10 .. 0xff */
    bool urgent;           /* notify even while notifications are suppressed */
    struct hpa descriptor; /* 64-byte aligned, below 2^52, not 0 */
};

/* The high half: who may use it. Alone (low = 0) the entry is not present. */
uint64_t vtd_irte_make_high(struct vtd_irte_source source);

/* The low half, present. extended: the unit runs with EIME, else apic_id must be below 255.
 * STATUS_OUT_OF_RANGE for a vector or APIC id that cannot be meant. */
MUST_CHECK enum status vtd_irte_make_low(struct vtd_irte_target target, bool extended, uint64_t *low);

/* A whole entry, present, posted. STATUS_OUT_OF_RANGE for a vector or address that cannot be meant. */
MUST_CHECK enum status vtd_irte_make_posted(struct vtd_irte_source source, struct vtd_irte_posted posted,
                                            struct vtd_irte *out);

/* The low half of an entry that was made present, of either kind: not present and without faults, or as it was. */
uint64_t vtd_irte_hold(uint64_t low, bool hold);

bool vtd_irte_present(struct vtd_irte e);
uint8_t vtd_irte_vector(struct vtd_irte e);
bool vtd_irte_is_posted(struct vtd_irte e);
/* Of a posted entry. */
struct hpa vtd_irte_descriptor(struct vtd_irte e);
bool vtd_irte_urgent(struct vtd_irte e);
/* The next two: of one that is not. */
uint32_t vtd_irte_apic_id(struct vtd_irte e, bool extended);
bool vtd_irte_level(struct vtd_irte e);
struct vtd_irte_source vtd_irte_source(struct vtd_irte e);

/* What to write into a function's MSI or MSI-X registers. */
struct vtd_msi {
    uint64_t address;
    uint32_t data;
};

/* One message for one entry: MSI-X, or MSI with one vector. */
struct vtd_msi vtd_msi_compose(uint16_t handle);
/* Multi-message MSI: the device adds 0..n-1 to data, and so uses entries handle..handle+n-1. */
struct vtd_msi vtd_msi_compose_block(uint16_t handle);

/* An I/O APIC redirection entry. The vector must be the one in the remapping entry, for level-triggered EOI. */
struct vtd_ioapic_pin {
    uint8_t vector;
    bool level, active_low, masked;
};
uint64_t vtd_ioapic_compose(uint16_t handle, struct vtd_ioapic_pin pin);

#endif
