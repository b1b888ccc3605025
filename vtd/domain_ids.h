/* SPDX-License-Identifier: GPL-2.0-only
 * The domain ids of one unit. Id 0 is never given out (with caching mode it is reserved, VT-d 4.1 9.3).
 * The caller holds the unit's lock. */
#ifndef BULKHEAD_VTD_DOMAIN_IDS_H
#define BULKHEAD_VTD_DOMAIN_IDS_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define VTD_DOMAIN_IDS_MAX 1024u /* more guests than that no machine has */

struct vtd_domain_ids {
    uint64_t used[VTD_DOMAIN_IDS_MAX / 64];
    uint32_t count; /* ids 1 .. count - 1 exist */
    unsigned quarantined;
};

/* count: what the unit has (vtd_caps.domain_count). */
void vtd_domain_ids_init(struct vtd_domain_ids *ids, uint32_t count);
MUST_CHECK enum status vtd_domain_ids_take(struct vtd_domain_ids *ids, uint16_t *id);
/* Only after the unit confirmed that it holds nothing with that id. */
void vtd_domain_ids_give_back(struct vtd_domain_ids *ids, uint16_t id);
/* It could not be confirmed: never give it out again. */
void vtd_domain_ids_quarantine(struct vtd_domain_ids *ids, uint16_t id);

#endif
