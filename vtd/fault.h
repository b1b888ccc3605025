/* SPDX-License-Identifier: GPL-2.0-only
 * Fault records: decoding, and draining a unit's registers (VT-d 4.1 7.2, 11.4.7). */
#ifndef BULKHEAD_VTD_FAULT_H
#define BULKHEAD_VTD_FAULT_H

#include "kernel/lib/sbdf.h"
#include "kernel/lib/types.h"

struct vtd_unit;

enum vtd_fault_access {
    VTD_FAULT_WRITE,
    VTD_FAULT_READ,
    VTD_FAULT_ATOMIC,
    VTD_FAULT_PAGE_REQUEST,
    VTD_FAULT_INTERRUPT, /* an interrupt request; index is valid, address is not */
};

struct vtd_fault {
    unsigned unit;      /* index */
    struct sbdf source; /* segment of the unit, requester id of the record */
    enum vtd_fault_access access;
    uint64_t address; /* page of the device address */
    uint16_t index;   /* interrupt remapping entry asked for */
    uint8_t reason;   /* as in VT-d 4.1 7.1.3 */
};

/* One record, as two quadwords. False when its F bit is clear: there is no fault in it. Pure. */
bool vtd_fault_decode(uint64_t low, uint64_t high, unsigned unit, uint16_t segment, struct vtd_fault *out);

/* Called without the unit's lock: it may detach the source. */
typedef void vtd_fault_sink(void *context, const struct vtd_fault *fault);

struct vtd_fault_result {
    unsigned count; /* faults given to the sink */
    bool overflow;  /* some were lost: the records were full */
    bool pending;   /* more came than one call takes; call again (no interrupt will come for them) */
};

/* Take every recorded fault, oldest first, and make the unit ready to record and to interrupt again. Bounded: at most
 * 4 rounds over the records. Safe on any CPU. */
struct vtd_fault_result vtd_fault_drain(struct vtd_unit *u, vtd_fault_sink *sink, void *context);

/* Hold the unit's fault events back, or let them come (one that was held back comes at once). Records are made all the
 * same. */
void vtd_fault_events(struct vtd_unit *u, bool on);

/* Forget everything recorded; for bring-up. The caller holds the unit's lock. */
void vtd_fault_clear(struct vtd_unit *u);

#endif
