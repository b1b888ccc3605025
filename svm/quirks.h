/* SPDX-License-Identifier: GPL-2.0-only
 * What SVM implementations get wrong, by name, and what Bulkhead does about it. */
#ifndef BULKHEAD_SVM_QUIRKS_H
#define BULKHEAD_SVM_QUIRKS_H

#include "kernel/hw/cpu.h"
#include "kernel/lib/types.h"

struct svm_quirks {
    const char *name;        /* "none", "tcg" */
    bool rewrite_cr8;        /* write CR8 after every exit: makes the emulator look at its LAPIC again */
    bool software_injection; /* inject interrupts into privilege level 0 as software interrupts */
    bool spares_x87;         /* load x87 state only where it differs: loading it disturbs the first CPU */
    bool loses_shadow;       /* VMRUN ignores the interrupt shadow: see svm_inject_before_shadow */
    uint32_t backup_tick_us; /* a timer tick on every CPU that runs guests, 0: not needed */
};

/* By the signature in EBX, ECX, EDX of CPUID leaf 0x40000000, for a CPU that says it is virtual. */
const struct svm_quirks *svm_quirks_find(struct cpuid leaf_1, struct cpuid leaf_40000000);

#endif
