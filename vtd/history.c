/* SPDX-License-Identifier: GPL-2.0-only
 * Ranges that went. */
#include "vtd/history.h"

void vtd_history_note(struct vtd_history *h, struct iova start, uint64_t size, struct hpa to, uint64_t now_ns)
{
    uint64_t flags = lock_take(&h->lock);
    h->ranges[h->noted++ % VTD_HISTORY_RANGES] =
        (struct vtd_gone){.start = start.v, .size = size, .to = to, .gone_ns = now_ns};
    lock_release(&h->lock, flags);
}

bool vtd_history_find(struct vtd_history *h, uint64_t address, struct vtd_gone *out)
{
    bool found = false;
    uint64_t flags = lock_take(&h->lock);
    for (uint64_t age = 1; !found && age <= VTD_HISTORY_RANGES && age <= h->noted; age++) {
        const struct vtd_gone *g = &h->ranges[(h->noted - age) % VTD_HISTORY_RANGES];
        found = address >= g->start && address - g->start < g->size;
        *out = found ? *g : *out;
    }
    lock_release(&h->lock, flags);
    return found;
}
