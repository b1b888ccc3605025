/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's watchdog: what happens when it runs out. */
#ifndef BULKHEAD_GUEST_VM_WATCHDOG_H
#define BULKHEAD_GUEST_VM_WATCHDOG_H

#include "guest/i6300esb.h"
#include "kernel/lib/status.h"

struct vm_owned;

struct vm_watchdog {
    bool present;
    struct i6300esb device;
};

/* On the guest's bus, as its rules say (restart.h); after guest_pci_init() and before devices are assigned. Nothing
 * when they ask for none. STATUS_NO_MEMORY, STATUS_CONFLICT. */
MUST_CHECK enum status vm_watchdog_add(struct vm_owned *owned);

#endif
