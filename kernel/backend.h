/* SPDX-License-Identifier: GPL-2.0-only
 * Which of the CPU backends this machine takes. */
#ifndef BULKHEAD_KERNEL_BACKEND_H
#define BULKHEAD_KERNEL_BACKEND_H

#include "kernel/core/vcpu.h"

/* The backend whose instructions this CPU has; NULL when it has none. Whether it can run guests its refuse() tells. */
const struct cpu_backend *backend_choose(void);

/* A CPU that could not be switched on. */
struct backend_failure {
    unsigned cpu;
    const char *why;
};

/* Switch the backend on on every CPU; without: features to leave unused (cpu_feature_bit). When one CPU cannot, those
 * before it are switched off again, and *failure says which it is and why. */
MUST_CHECK enum status backend_enable(const struct cpu_backend *backend, uint32_t without,
                                      struct backend_failure *failure);

#endif
