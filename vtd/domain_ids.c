/* SPDX-License-Identifier: GPL-2.0-only
 * A bitmap of domain ids. */
#include "vtd/domain_ids.h"

#include "kernel/core/panic.h"
#include "kernel/lib/bits.h"

void vtd_domain_ids_init(struct vtd_domain_ids *ids, uint32_t count)
{
    *ids = (struct vtd_domain_ids){.count = count < VTD_DOMAIN_IDS_MAX ? count : VTD_DOMAIN_IDS_MAX};
    ids->used[0] = 1;
}

enum status vtd_domain_ids_take(struct vtd_domain_ids *ids, uint16_t *id)
{
    for (uint32_t i = 1; i < ids->count; i++) {
        if ((ids->used[i / 64] & BIT64(i % 64)) == 0) {
            ids->used[i / 64] |= BIT64(i % 64);
            *id = (uint16_t)i;
            return STATUS_OK;
        }
    }
    return STATUS_NO_MEMORY;
}

static void check_taken(const struct vtd_domain_ids *ids, uint16_t id)
{
    bulkhead_assert(id != 0 && id < ids->count && (ids->used[id / 64] & BIT64(id % 64)) != 0);
}

void vtd_domain_ids_give_back(struct vtd_domain_ids *ids, uint16_t id)
{
    check_taken(ids, id);
    ids->used[id / 64] &= ~BIT64(id % 64);
}

void vtd_domain_ids_quarantine(struct vtd_domain_ids *ids, uint16_t id)
{
    check_taken(ids, id); /* it simply stays taken */
    ids->quarantined++;
}
