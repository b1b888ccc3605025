/* SPDX-License-Identifier: GPL-2.0-only
 * The requester ids of a guest's devices in its domain. Devices behind one bridge share its id: that is in the domain
 * from the first of them to the last. */
#ifndef BULKHEAD_GUEST_SOURCES_H
#define BULKHEAD_GUEST_SOURCES_H

#include "guest/vm_device.h"
#include "kernel/lib/status.h"

#define GUEST_SOURCES_MAX 1024u

struct guest_source {
    struct vtd_unit *unit;
    uint16_t id;
    uint16_t users; /* devices that may send with it */
};

struct guest_sources {
    struct vtd_domain *domain;
    struct guest_source of[GUEST_SOURCES_MAX];
    size_t count;
};

/* None yet. */
void guest_sources_init(struct guest_sources *s, struct vtd_domain *domain);

/* Every id of the device into the domain, its own first; it leaves firmware's domain before, and is in none for a
 * moment. The device is quiet. On failure none of its ids is in the domain but those that others use, and what is
 * returned is what vtd_attach or vtd_detach said; STATUS_NO_MEMORY: too many ids. */
MUST_CHECK enum status guest_sources_attach(struct guest_sources *s, const struct vm_device *device);

/* Out of it again, its own last. The device is quiet and its requests are drained. The first failure is returned, all
 * ids are taken out nevertheless. */
MUST_CHECK enum status guest_sources_detach(struct guest_sources *s, const struct vm_device *device);

#endif
