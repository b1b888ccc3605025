/* SPDX-License-Identifier: GPL-2.0-only
 * Parts of the CPU's and the remapping units' virtualisation that Bulkhead uses when they are there and can do
 * without. `[system] without` of the configuration names those to leave unused. */
#ifndef BULKHEAD_CORE_CPU_FEATURE_H
#define BULKHEAD_CORE_CPU_FEATURE_H

#include "kernel/lib/types.h"

enum cpu_feature {
    CPU_FEATURE_APIC_REGISTERS,     /* VMX: APIC-register virtualisation, with the APIC-access page */
    CPU_FEATURE_VIRTUAL_INTERRUPTS, /* VMX: virtual-interrupt delivery */
    CPU_FEATURE_VIRTUAL_X2APIC,     /* VMX: x2APIC virtualisation */
    CPU_FEATURE_POSTED_INTERRUPTS,  /* VMX and VT-d: posted interrupts */
    CPU_FEATURE_PREEMPTION_TIMER,   /* VMX: the end of a time slice */
    CPU_FEATURE_VPID,               /* VMX: virtual-processor identifiers */
    CPU_FEATURE_SHARED_TABLES,      /* one set of tables for EPT and VT-d */
    CPU_FEATURE_COUNT,
};

/* As the configuration and the log write it: "virtual-interrupts" ... */
const char *cpu_feature_name(enum cpu_feature feature);
/* CPU_FEATURE_COUNT when no feature has this name. */
enum cpu_feature cpu_feature_find(const char *name);

/* A set of features: bit n is feature n. */
static inline uint32_t cpu_feature_bit(enum cpu_feature feature)
{
    return UINT32_C(1) << feature;
}

#endif
