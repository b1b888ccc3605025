/* SPDX-License-Identifier: GPL-2.0-only
 * Owners of requester ids. */
#include "plan/plan_source.h"

bool plan_source_sends(const struct plan_device *d, struct sbdf source)
{
    for (size_t i = 0; i < d->source_count; i++) {
        if (sbdf_equal(d->sources[i], source)) {
            return true;
        }
    }
    return false;
}

const struct plan_device *plan_source_owner(const struct plan_device *devices, size_t count, struct sbdf source)
{
    const struct plan_device *owner = NULL;
    for (size_t i = 0; i < count; i++) {
        if (devices[i].source_count != 0 && sbdf_equal(devices[i].sources[0], source)) {
            return &devices[i];
        }
        if (owner == NULL && plan_source_sends(&devices[i], source)) {
            owner = &devices[i];
        }
    }
    return owner;
}
