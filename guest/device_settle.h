/* SPDX-License-Identifier: GPL-2.0-only
 * The last step of a device's reset: registers where the tables have them, and nothing sent. */
#ifndef BULKHEAD_GUEST_DEVICE_SETTLE_H
#define BULKHEAD_GUEST_DEVICE_SETTLE_H

#include "drivers/pci.h"
#include "kernel/lib/status.h"

/* Quiet, its BARs where they belong and memory decode on. STATUS_TIMEOUT: it is gone, or must keep bus mastering while
 * it is busy and still is; STATUS_HARDWARE: a BAR or a translation service does not take what is written. */
MUST_CHECK enum status device_settle(const struct pci_facts *facts, const struct pci_function *host);

#endif
