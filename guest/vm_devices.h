/* SPDX-License-Identifier: GPL-2.0-only
 * All devices of a guest reset and attached, or reset when it comes to rest. Nothing here waits: other guests have
 * their turns meanwhile, and resets of their own. */
#ifndef BULKHEAD_GUEST_VM_DEVICES_H
#define BULKHEAD_GUEST_VM_DEVICES_H

#include "guest/vm_create.h"

/* Its devices, none of which is attached; all of them or none. Leases of VFs (vm_vfs.h) first, then resets, then they
 * are attached. True when it is over: *status, and on failure why. Else call it again when owned->devices_ns has come.
 * From then on a guest that moves its BARs may fill VM_TABLES_SPARE pages of tables more, and as many as its BARs took
 * at first: tables that a BAR left stay (walkers may still know them), and windows of 1 TiB have room for half a
 * million of them. */
#define VM_TABLES_SPARE 512u
MUST_CHECK bool vm_devices_attach(struct vm_owned *owned, enum status *status, char why[VM_WHY_SIZE]);

struct vm_attaching {
    struct vm_owned *guest;
    bool over;          /* false at first */
    enum status status; /* what came of it, and on failure why */
    char why[VM_WHY_SIZE];
};

/* Those of all guests together, which is waited for, in an order in which who has a PF comes before those who have its
 * VFs: none begins before the one before it did. The failure of one keeps no other from its own. */
void vm_devices_attach_all(struct vm_attaching *all, size_t count);

/* Those that owned->detached[] says were withdrawn, which becomes what came of their resets. Of a PF only when no other
 * guest uses its VFs any more. As above. */
MUST_CHECK bool vm_devices_reset(struct vm_owned *owned);

#endif
