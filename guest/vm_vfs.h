/* SPDX-License-Identifier: GPL-2.0-only
 * Guests that share an SR-IOV device: one has the PF, others have VFs. A reset of the PF switches the VFs off, so those
 * others are stopped first, and stay off until somebody starts them. Nothing here waits: who gets "not yet" asks again
 * (VM_VFS_POLL_NS). VFs that the owner of the PF has itself come and go with it. */
#ifndef BULKHEAD_GUEST_VM_VFS_H
#define BULKHEAD_GUEST_VM_VFS_H

#include "guest/vm_create.h"

#define VM_VFS_POLL_NS UINT64_C(2000000)

/* Every other guest that has VFs of the guest's PFs, or of `device` alone, is ordered to stop: a line in the log and
 * the event vf-guest-stopped each. */
void vm_vfs_stop_users(struct vm_owned *owned);
void vm_vfs_stop_users_of(struct vm_owned *owned, struct sbdf device);

/* For a reset of all its PFs, or of `device` alone: true when no other guest uses a VF of them (or of another PF whose
 * VFs' ids follow what `device` is told: pf_lease_follows), and from then on until the release none does. Else those
 * that do are ordered to stop, once. True at once for a guest without PFs, and for a device that is none. */
MUST_CHECK bool vm_vfs_reserve(struct vm_owned *owned);
void vm_vfs_release(struct vm_owned *owned);
MUST_CHECK bool vm_vfs_reserve_for(struct vm_owned *owned, struct sbdf device);
void vm_vfs_release_for(struct vm_owned *owned, struct sbdf device);

/* For its devices to be attached: its PFs reserved, until the release, and in use from then on what it has of others'
 * VFs, all or none. STATUS_CONFLICT: not now, ask again; STATUS_HARDWARE: the VFs of a PF are off; why says so. */
MUST_CHECK enum status vm_vfs_take(struct vm_owned *owned, char why[VM_WHY_SIZE]);

/* Those VFs were withdrawn. Nothing when it uses none. */
void vm_vfs_leave(struct vm_owned *owned);

#endif
