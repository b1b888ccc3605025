/* SPDX-License-Identifier: GPL-2.0-only
 * Whose a requester id is: a device's own, or one more that its requests may have. Pure. */
#ifndef BULKHEAD_PLAN_PLAN_SOURCE_H
#define BULKHEAD_PLAN_PLAN_SOURCE_H

#include "plan/plan.h"

/* The first of the devices that may send with that id, or NULL. An id of its own wins over a shared one. */
const struct plan_device *plan_source_owner(const struct plan_device *devices, size_t count, struct sbdf source);

/* May the device send with that id? */
bool plan_source_sends(const struct plan_device *device, struct sbdf source);

#endif
