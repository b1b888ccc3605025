/* SPDX-License-Identifier: GPL-2.0-only
 * Guests that share an SR-IOV device: who depends on whose PF. plan/plan_devices.c calls it. */
#ifndef BULKHEAD_PLAN_PLAN_VFS_H
#define BULKHEAD_PLAN_PLAN_VFS_H

#include "plan/plan_work.h"

/* A PF is reset when its owner is made and whenever it starts anew, with no other guest using its VFs. Refuse guests
 * that would wait for each other that way, and VFs whose requester ids would change with a PF that the owner of their
 * own does not have (ARI); warn of those that start before the PF's owner can have served them. */
void plan_vfs_check(struct plan_work *w);

#endif
