/* SPDX-License-Identifier: GPL-2.0-only
 * A CPU that runs nothing: for tests of guests' lives. */
#ifndef BULKHEAD_FAKE_IDLE_CPU_H
#define BULKHEAD_FAKE_IDLE_CPU_H

#include "kernel/core/vcpu.h"

/* A backend as `like` is, whose vCPUs are made and freed and have registers that read 0. There is one; no vCPU is made
 * yet. */
struct cpu_backend *idle_cpu(const struct cpu_backend *like);

/* vCPUs that are made and not freed. */
unsigned idle_cpu_vcpus(void);

#endif
