/* SPDX-License-Identifier: GPL-2.0-only
 * The auditor's facts while they are put together. */
#ifndef BULKHEAD_KERNEL_AUDIT_MAKER_H
#define BULKHEAD_KERNEL_AUDIT_MAKER_H

#include "kernel/audit_facts.h"

#define AUDIT_MAKER_NAME_SIZE 24 /* of an owner */

struct audit_maker {
    const struct audit_facts_input *in;
    struct arena *arena;
    struct audit_description d;
    struct audit_owner *owners;
    size_t owner_count;
    uint32_t *region_owner; /* by RMRR: the RMRR that stands for its owner, then the owner */
};

/* Its remapping unit, or ISOLATE_NO_UNIT. */
static inline uint32_t audit_maker_unit(const struct audit_maker *k, struct sbdf at)
{
    size_t index = 0;
    bool covered = machine_unit_of(k->in->machine, at, &index) == STATUS_OK;
    return covered ? k->in->isolate->vtd_index[index] : ISOLATE_NO_UNIT;
}

#endif
