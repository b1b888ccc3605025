/* SPDX-License-Identifier: GPL-2.0-only
 * From the exit code and information fields of a control block to a plain exit (APM2 appendix C, 15.10.2, 15.25.6). */
#ifndef BULKHEAD_SVM_EXIT_H
#define BULKHEAD_SVM_EXIT_H

#include "kernel/core/vcpu_exit.h"
#include "svm/vmcb.h"

/* What the hardware fills in beyond the exit code. */
struct svm_exit_features {
    bool next_rip;       /* VMCB_NEXT_RIP_64 is valid for instruction intercepts */
    bool decode_assists; /* CR numbers and instruction bytes are */
};

enum svm_exit_code {
    SVM_EXIT_DB = 0x41,
    SVM_EXIT_INTR = 0x60,
    SVM_EXIT_VINTR = 0x64,
    SVM_EXIT_IRET = 0x74,
};

/* Describe the exit that vmcb holds. Pure. An interrupt window is VCPU_EXIT_WINDOW whether asked for or not; IRET is
 * VCPU_EXIT_UNKNOWN: svm/svm.c deals with both first. */
void svm_exit_decode(const uint8_t *vmcb, const struct svm_exit_features *features, struct vcpu_exit *exit);

#endif
