/* SPDX-License-Identifier: GPL-2.0-only
 * The physical I/O APICs (82093AA; PCH data sheets): index and data window, redirection entries. */
#ifndef BULKHEAD_DRIVERS_IOAPIC_H
#define BULKHEAD_DRIVERS_IOAPIC_H

#include "kernel/core/lock.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct ioapic {
    struct hpa base;
    uint8_t id;        /* the MADT's: what DMAR scopes name */
    uint32_t gsi_base; /* global system interrupt of pin 0 */
    unsigned pins;
    struct lock lock; /* of index and data window */
};

/* Map the registers, count the pins and mask all of them. STATUS_NOT_FOUND: nothing answers. */
MUST_CHECK enum status ioapic_init(struct ioapic *io, struct hpa base, uint8_t id, uint32_t gsi_base);

/* Write a pin's redirection entry: masked first, then the upper half, then the lower, so that no half-written entry is
 * ever live. pin < io->pins. */
void ioapic_write(struct ioapic *io, unsigned pin, uint64_t entry);

#endif
