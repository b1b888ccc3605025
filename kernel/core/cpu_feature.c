/* SPDX-License-Identifier: GPL-2.0-only
 * Names of features. */
#include "kernel/core/cpu_feature.h"

#include "kernel/lib/string.h"

static const char *const names[CPU_FEATURE_COUNT] = {
    [CPU_FEATURE_APIC_REGISTERS] = "apic-registers",     [CPU_FEATURE_VIRTUAL_INTERRUPTS] = "virtual-interrupts",
    [CPU_FEATURE_VIRTUAL_X2APIC] = "virtual-x2apic",     [CPU_FEATURE_POSTED_INTERRUPTS] = "posted-interrupts",
    [CPU_FEATURE_PREEMPTION_TIMER] = "preemption-timer", [CPU_FEATURE_VPID] = "vpid",
    [CPU_FEATURE_SHARED_TABLES] = "shared-tables",
};

const char *cpu_feature_name(enum cpu_feature feature)
{
    return names[feature];
}

enum cpu_feature cpu_feature_find(const char *name)
{
    unsigned i = 0;
    while (i < CPU_FEATURE_COUNT && strcmp(names[i], name) != 0) {
        i++;
    }
    return (enum cpu_feature)i;
}
