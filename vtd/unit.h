/* SPDX-License-Identifier: GPL-2.0-only
 * One remapping unit: its registers, what it can do, and the tables it was given (VT-d 4.1 11). */
#ifndef BULKHEAD_VTD_UNIT_H
#define BULKHEAD_VTD_UNIT_H

#include "kernel/core/lock.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vtd/caps.h"
#include "vtd/domain_ids.h"
#include "vtd/queue.h"
#include "vtd/quirks.h"
#include "vtd/regs.h"
#include "vtd/remap.h"

/* How long a unit may take for anything before it counts as dead. */
#define VTD_DEADLINE_US UINT64_C(1000000)

struct vtd_unit {
    unsigned index; /* in struct vtd, and in every log line */
    uint16_t segment;
    struct hpa base;
    struct vtd_caps caps; /* superpages already off when the quirk says so */

    struct lock lock;        /* registers, queue and tables */
    bool write_buffer_flush; /* CAP.RWBF, or the quirk */
    bool keep_translation;   /* quirk: TE must not be cleared */
    bool remapping;          /* it has interrupt remapping and we use it (needs the queue; not with the errata) */
    bool extended;           /* EIME: entries hold 32-bit APIC ids; decided by bring-up, before any entry is made */
    bool live;               /* it walks our tables: from now on changes need invalidations */

    struct hpa root; /* root table */
    struct vtd_queue queue;
    struct vtd_remap remap;
    struct vtd_domain_ids ids;
};

/* Map the registers, read the capabilities, allocate root table, queue and remapping table (everything blocked).
 * No register is written. window: bytes that the DMAR says the registers take, 0 when it does not.
 * STATUS_OUT_OF_RANGE: base is 0 or not page-aligned; STATUS_NOT_FOUND: nothing answers there (all ones or zero);
 * STATUS_UNSUPPORTED: no table depth we know; STATUS_CONFLICT: the registers lie in RAM. */
MUST_CHECK enum status vtd_unit_probe(struct vtd_unit *u, unsigned index, struct hpa base, uint64_t window,
                                      uint16_t segment, const struct vtd_quirks *quirks);

/* Can it post interrupts? */
static inline bool vtd_unit_posts(const struct vtd_unit *u)
{
    return u->remapping && u->caps.posting;
}

/* Registers. */
uint32_t vtd_unit_read32(const struct vtd_unit *u, unsigned offset);
uint64_t vtd_unit_read64(const struct vtd_unit *u, unsigned offset);
void vtd_unit_write32(const struct vtd_unit *u, unsigned offset, uint32_t value);
void vtd_unit_write64(const struct vtd_unit *u, unsigned offset, uint64_t value);

/* Switch one enable (TE, QIE, IRE, CFI) on or off, leaving all others as they are, and wait until the unit says so.
 * Nothing is written when it already is so. */
MUST_CHECK enum status vtd_unit_switch(struct vtd_unit *u, uint32_t bit, bool on);

/* Issue one one-shot command (SRTP, SIRTP, WBF) and wait until it is done. */
MUST_CHECK enum status vtd_unit_once(struct vtd_unit *u, uint32_t bit);

/* Wait until (register & mask) == value. */
MUST_CHECK enum status vtd_unit_wait32(const struct vtd_unit *u, unsigned offset, uint32_t mask, uint32_t value);
MUST_CHECK enum status vtd_unit_wait64(const struct vtd_unit *u, unsigned offset, uint64_t mask, uint64_t value);

/* Make table bytes visible to the unit: a fence, and a cache flush when its walks do not snoop. */
void vtd_unit_publish(const struct vtd_unit *u, const void *at, size_t bytes);

#endif
