/* SPDX-License-Identifier: GPL-2.0-only
 * The machine's facts on the console: CPUs, functions with their remapping unit, device scopes, reserved memory. */
#ifndef BULKHEAD_KERNEL_INVENTORY_H
#define BULKHEAD_KERNEL_INVENTORY_H

#include "kernel/platform.h"

void inventory_log(const struct platform *platform);

/* What nobody has: `bulkhead attest` tells the hypervisor's own memory from it. */
void inventory_log_free(void);

#endif
