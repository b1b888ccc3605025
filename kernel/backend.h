/* SPDX-License-Identifier: GPL-2.0-only
 * Which of the CPU backends this machine takes. */
#ifndef BULKHEAD_KERNEL_BACKEND_H
#define BULKHEAD_KERNEL_BACKEND_H

#include "kernel/core/vcpu.h"

/* The backend whose instructions this CPU has; NULL when it has none. Whether it can run guests its refuse() tells. */
const struct cpu_backend *backend_choose(void);

#endif
