/* SPDX-License-Identifier: GPL-2.0-only
 * Threads and cores. */
#include "kernel/core/topology.h"

#include "kernel/lib/bits.h"

#define LEVEL_THREAD 1

static bool says(struct cpuid leaf)
{
    return leaf.ebx != 0 && bits_get(leaf.ecx, 15, 8) == LEVEL_THREAD;
}

unsigned topology_thread_bits(struct cpuid leaf_1f, struct cpuid leaf_b)
{
    struct cpuid leaf = says(leaf_1f) ? leaf_1f : leaf_b;
    return says(leaf) ? (unsigned)bits_get(leaf.eax, 4, 0) : 0;
}
