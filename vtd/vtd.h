/* SPDX-License-Identifier: GPL-2.0-only
 * All remapping units of the machine, and the second-level format that every one of them can walk. */
#ifndef BULKHEAD_VTD_VTD_H
#define BULKHEAD_VTD_VTD_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"
#include "vtd/unit.h"

#define VTD_UNITS_MAX 64u

struct vtd {
    struct vtd_unit *units; /* probed; units[i].index == i */
    unsigned count;

    unsigned levels;        /* of second-level tables */
    unsigned max_leaf;      /* 1, 2 or 3 */
    bool flush;             /* some unit's walks do not snoop */
    bool snoop;             /* every unit can force snooping, so every leaf does */
    uint64_t address_limit; /* device addresses are below this */
    bool remapping;         /* every unit remaps interrupts */
};

/* From probed units (count 1..VTD_UNITS_MAX, else STATUS_OUT_OF_RANGE). STATUS_UNSUPPORTED when they have no table
 * depth in common. */
MUST_CHECK enum status vtd_make(struct vtd_unit *units, unsigned count, struct vtd *out);

#endif
