/* SPDX-License-Identifier: GPL-2.0-only
 * What guests get of the capabilities of functions behind a VMD endpoint that is theirs. Unlike guest/pci_rules.h,
 * what a register's `writable` and `cleared` bits say reaches the device: it is the guest's own domain, and all that
 * its functions send has the endpoint's requester id. `copied` bits are read from the device, all others read 0. What
 * no table names reads 0 and takes no write; its place in the chain keeps a null capability.
 * docs/config-space.md is printed from here. */
#ifndef BULKHEAD_GUEST_VMD_RULES_H
#define BULKHEAD_GUEST_VMD_RULES_H

#include "guest/pci_rules.h"

extern const struct pci_rules guest_vmd_rules_legacy, guest_vmd_rules_extended;

/* The rule that applies; NULL: hidden. */
const struct pci_rule *guest_vmd_rule(bool extended, uint16_t id);

#endif
