/* SPDX-License-Identifier: GPL-2.0-only
 * The interrupt remapping table of one unit: who owns which entries. The functions take the unit's lock.
 * An entry is reused only after the unit confirmed that its old content is gone; else it is quarantined for good. */
#ifndef BULKHEAD_VTD_REMAP_H
#define BULKHEAD_VTD_REMAP_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vtd/irte.h"

struct vtd_unit;

#define VTD_REMAP_ENTRIES 4096u  /* 64 KiB of table */
#define VTD_REMAP_SIZE_FIELD 11u /* IRTA.S: 2^(S+1) entries */
#define VTD_REMAP_BLOCK_MAX 32u  /* multi-message MSI has at most that many */

struct vtd_remap {
    struct hpa table;
    uint64_t used[VTD_REMAP_ENTRIES / 64]; /* a bit an entry: taken or quarantined */
    uint64_t held[VTD_REMAP_ENTRIES / 64]; /* likewise: not present for now, whatever it is changed to */
    unsigned quarantined;
};

/* Allocate the table, nothing present. */
MUST_CHECK enum status vtd_remap_init(struct vtd_unit *u);

/* `count` (1..VTD_REMAP_BLOCK_MAX) neighbouring entries for source, not present yet. STATUS_UNSUPPORTED when the unit
 * remaps no interrupts, STATUS_NO_MEMORY when the table is full. */
MUST_CHECK enum status vtd_irq_alloc_block(struct vtd_unit *u, struct vtd_irte_source source, unsigned count,
                                           uint16_t *handle);

/* One entry, present from now on. Only after bring-up. */
MUST_CHECK enum status vtd_irq_alloc(struct vtd_unit *u, struct vtd_irte_source source, struct vtd_irte_target target,
                                     uint16_t *handle);

/* Make an allocated entry present, or send it elsewhere; atomic for the unit. Only after bring-up, which decides on the
 * width of APIC ids. Returns after the old target can get no
 * more interrupts from it, save those already on their way to that CPU; and when it was posted, after the unit posts
 * no more into that descriptor: what is pending there is the caller's to deliver. */
MUST_CHECK enum status vtd_irq_update(struct vtd_unit *u, uint16_t handle, struct vtd_irte_target target);

/* The same, to a posted-interrupt descriptor, from any format: no message is lost or doubled on the way.
 * STATUS_UNSUPPORTED when the unit posts no interrupts (vtd_unit_posts), STATUS_OUT_OF_RANGE for what cannot be
 * encoded: nothing changed then. On STATUS_TIMEOUT or STATUS_HARDWARE the unit may use the old target, the new one, or
 * both: neither descriptor may be reused. */
MUST_CHECK enum status vtd_irq_post(struct vtd_unit *u, uint16_t handle, struct vtd_irte_posted posted);

/* Hold an entry that was made present: the unit drops what comes for it without a fault, and vtd_irq_update() and
 * vtd_irq_post() change only what it will be. Or let it go on. Returns after the unit uses the old state no more. */
MUST_CHECK enum status vtd_irq_hold(struct vtd_unit *u, uint16_t handle, bool hold);

/* Give count entries back. When it returns STATUS_OK the unit posts no more for them. On STATUS_TIMEOUT or
 * STATUS_HARDWARE they are not present any more, but quarantined, and so must be the descriptors they named. */
MUST_CHECK enum status vtd_irq_free(struct vtd_unit *u, uint16_t handle, unsigned count);

/* The entry as the unit sees it. */
struct vtd_irte vtd_irq_entry(const struct vtd_unit *u, uint16_t handle);

#endif
