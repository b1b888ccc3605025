/* SPDX-License-Identifier: GPL-2.0-only
 * Model-specific registers of SVM (APM2 15.30). */
#ifndef BULKHEAD_SVM_MSR_H
#define BULKHEAD_SVM_MSR_H

enum {
    MSR_EFER = 0xc0000080,
    MSR_VM_CR = 0xc0010114,
    MSR_VM_HSAVE_PA = 0xc0010117, /* page where VMRUN keeps the host's state */
};

enum {
    EFER_SVME = 1 << 12,
    VM_CR_LOCK = 1 << 3,
    VM_CR_SVMDIS = 1 << 4,
};

#endif
