/* SPDX-License-Identifier: GPL-2.0-only
 * Switching VFs on (PCIe 6.0 9.3.3.3): what sriov.h leaves to the one place at boot that decides it. */
#ifndef BULKHEAD_DRIVERS_SRIOV_ENABLE_H
#define BULKHEAD_DRIVERS_SRIOV_ENABLE_H

#include "drivers/sriov_plan.h"

/* Switch num VFs of the function with that index on: off first; ARI; page size; BARs sized and placed; NumVFs; ids
 * checked; on, and 100 ms later every VF answers. All that is written is read back. PFs of one bus are to be enabled in
 * the order of their addresses. STATUS_UNSUPPORTED, STATUS_TIMEOUT, STATUS_HARDWARE: none is on, and why is in diag. */
MUST_CHECK enum status sriov_enable(const struct sriov_place *place, uint32_t function, unsigned num, struct sriov *out,
                                    struct diag_list *diag);

#endif
