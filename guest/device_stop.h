/* SPDX-License-Identifier: GPL-2.0-only
 * One device taken from a guest that goes on, and given back to it: by policy, or by order of the service guest.
 * To its guest a stopped device looks pulled out; it keeps its place on the bus. A guest that starts anew, by itself or
 * by order, does not get it back: device_return() alone does that. Both run on the owner guest's first vCPU, without
 * the guest's lock, which they take; interrupts are on. */
#ifndef BULKHEAD_GUEST_DEVICE_STOP_H
#define BULKHEAD_GUEST_DEVICE_STOP_H

#include "guest/vm_create.h"

/* Bus mastering off, requests drained, interrupts released, out of the domain with context cache and IOTLB invalidated,
 * BARs unmapped; config space and BARs read all ones from now on. Event device-stopped, and a line in the log.
 * STATUS_NOT_FOUND: the guest has no such device now; STATUS_CONFLICT: it is stopped already. Anything else: a unit or
 * the device did not confirm it, all other steps were done nevertheless, and it cannot be returned. */
MUST_CHECK enum status device_stop(struct vm_owned *owned, struct sbdf device);

/* Reset, which nobody's VFs may suffer from (vm_vfs_reserve_for), and into the guest again, with registers as after
 * power-on; the guest finds it when it looks for devices (Linux: /sys/bus/pci/rescan, after `remove` of the old one).
 * Event device-returned. STATUS_NOT_FOUND as above; STATUS_CONFLICT: it is not stopped; STATUS_HARDWARE: it was not
 * stopped cleanly, and never returns; otherwise what its reset or guest_pci_function_return said, STATUS_UNSUPPORTED:
 * its reset would hit a device of the same bus that is not stopped, or a VF of another PF whose requester id follows
 * what this one is told (guest/pf_lease.h). It stays stopped then. */
MUST_CHECK enum status device_return(struct vm_owned *owned, struct sbdf device);

/* For vtd_domain.tlbs: a device of the guest `context` (struct vm_owned) did not answer for its TLB, and is blocked:
 * the guest's first vCPU stops it, as soon as it can. Takes no lock. */
void device_stop_silent(void *context, uint16_t source);

/* Is it? False for one that the guest does not have. Any CPU. */
bool device_is_stopped(const struct vm_owned *owned, struct sbdf device);

/* All devices were attached for a new start, and no vCPU runs yet: those that were stopped before are stopped
 * again, without an event. The first failure is returned. */
MUST_CHECK enum status device_stop_again(struct vm_owned *owned);

#endif
