/* SPDX-License-Identifier: GPL-2.0-only
 * What SVM this CPU has (APM3 E.4.9, APM2 15.4), read once; the decision is a function of it. */
#ifndef BULKHEAD_SVM_CAPABILITY_H
#define BULKHEAD_SVM_CAPABILITY_H

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

struct svm_capability svm_capability_read(void);

/* NULL when guests can run, else why not and what to change. */
const char *svm_capability_refusal(const struct svm_capability *c);

#endif
