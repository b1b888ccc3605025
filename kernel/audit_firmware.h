/* SPDX-License-Identifier: GPL-2.0-only
 * Firmware's devices that go on using memory, as owners of their own beside the guests. */
#ifndef BULKHEAD_KERNEL_AUDIT_FIRMWARE_H
#define BULKHEAD_KERNEL_AUDIT_FIRMWARE_H

#include "kernel/audit_maker.h"

/* After the guests: each set of reserved regions that belong together becomes an owner, with the devices that have
 * them. k->owners has room for one a region, k->region_owner is one an RMRR. */
void audit_firmware_add(struct audit_maker *k);

#endif
