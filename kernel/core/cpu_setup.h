/* SPDX-License-Identifier: GPL-2.0-only
 * Control registers of a host CPU: the same on every one. */
#ifndef BULKHEAD_CORE_CPU_SETUP_H
#define BULKHEAD_CORE_CPU_SETUP_H

#include "kernel/lib/status.h"

/* Write protection, no-execute, SMEP/SMAP/UMIP where present, machine checks on, PAT as at reset.
 * STATUS_UNSUPPORTED on a CPU without no-execute pages: W^X cannot be had. */
MUST_CHECK enum status cpu_setup(void);

#endif
