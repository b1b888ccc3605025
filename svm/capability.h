/* SPDX-License-Identifier: GPL-2.0-only
 * What SVM this CPU has (APM3 E.4.9, APM2 15.4); the decision is a function of it. */
#ifndef BULKHEAD_SVM_CAPABILITY_H
#define BULKHEAD_SVM_CAPABILITY_H

#include "kernel/hw/cpu.h"
#include "kernel/lib/types.h"

struct svm_capability {
    bool svm;      /* the instructions exist */
    bool disabled; /* VM_CR.SVMDIS: firmware switched them off ... */
    bool locked;   /* ... and VM_CR.LOCK keeps software from switching them on */
    bool nested_paging;
    bool next_rip;
    bool decode_assists;
    bool gib_pages; /* 1 GiB pages */
    uint32_t asids; /* number of them, 0 included */
};

/* From CPUID leaves 0x80000001 and 0x8000000a (zeros when the CPU has no such leaf), and VM_CR (0 without SVM). */
struct svm_capability svm_capability_make(struct cpuid leaf_1, struct cpuid leaf_a, uint64_t vm_cr);

/* NULL when guests can run, else why not and what to change. */
const char *svm_capability_refusal(const struct svm_capability *c);

#endif
