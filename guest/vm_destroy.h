/* SPDX-License-Identifier: GPL-2.0-only
 * Taking a guest apart again whose vCPUs never ran: vm_create() does it with what it has when it fails midway. */
#ifndef BULKHEAD_GUEST_VM_DESTROY_H
#define BULKHEAD_GUEST_VM_DESTROY_H

#include "guest/vm_create.h"

/* Devices withdrawn and reset, its bus, its domain, its tables and its vCPUs' memory given back, in this order; its RAM
 * stays its owner's, and holds what it held. Whatever of it there is, each part is given back once. False: a unit or a
 * device did not confirm that it was withdrawn; then all memory of the guest, RAM too, stays where it is for good. */
MUST_CHECK bool vm_destroy(struct vm_owned *owned);

#endif
