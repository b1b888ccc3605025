/* SPDX-License-Identifier: GPL-2.0-only
 * Which CPUs are threads of one core (SDM 3A 9.9.1, CPUID leaves 0x1f and 0xb; AMD has leaf 0xb as well). */
#ifndef BULKHEAD_CORE_TOPOLOGY_H
#define BULKHEAD_CORE_TOPOLOGY_H

#include "kernel/hw/cpu.h"
#include "kernel/lib/types.h"

/* Low bits of an APIC id that number the threads of a core: the rest is the core's own number. Subleaf 0 of leaf 0x1f
 * decides, or of leaf 0xb where that says nothing; all zero for a leaf that is not there. 0 when neither says. */
unsigned topology_thread_bits(struct cpuid leaf_1f, struct cpuid leaf_b);

#endif
