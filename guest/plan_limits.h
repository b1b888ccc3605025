/* SPDX-License-Identifier: GPL-2.0-only
 * What this build offers a guest, for the planner: the hypervisor and the host tool plan with the same numbers. */
#ifndef BULKHEAD_GUEST_PLAN_LIMITS_H
#define BULKHEAD_GUEST_PLAN_LIMITS_H

#include "guest/memory.h"
#include "guest/pci.h"
#include "guest/reserved.h"
#include "guest/vm.h"
#include "plan/plan.h"

#define GUEST_BAR_HIGH_BYTES (64 * GIB)
#define GUEST_MEMORY_MAX (64 * 1024 * GIB) /* with the BAR window below 2^47, what four levels of tables can name */

static inline struct plan_limits guest_plan_limits(void)
{
    return (struct plan_limits){
        .devices_max = GUEST_PCI_ASSIGNED_MAX,
        .reserved_max = GUEST_RESERVED_MAX,
        .cpus_max = VM_CPUS_MAX,
        .memory_max = GUEST_MEMORY_MAX,
        .blocks_max = GUEST_SLOTS_MAX,
        .low_ram_end = GUEST_HOLE_START,
        .bar_low_start = GUEST_BAR32_START,
        .bar_low_bytes = GUEST_BAR32_END - GUEST_BAR32_START,
        .bar_high_bytes = GUEST_BAR_HIGH_BYTES,
        .own_bytes = 4 * MIB,
        .own_per_guest = 256 * KIB,   /* struct vm_owned, roots of tables, backend */
        .own_per_cpu = 128 * KIB,     /* struct vm_cpu, register blocks, FPU state, bitmaps */
        .own_per_function = 32 * KIB, /* configuration space, MSI-X; most functions need far less */
        .own_per_link = 160 * KIB,    /* struct virtio_net, configuration space */
    };
}

#endif
