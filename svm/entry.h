/* SPDX-License-Identifier: GPL-2.0-only
 * The instructions of SVM that C cannot say (APM2 15.5, 15.17). */
#ifndef BULKHEAD_SVM_ENTRY_H
#define BULKHEAD_SVM_ENTRY_H

#include "kernel/lib/types.h"

/* Enter the guest and come back at its next exit. gprs: 16 registers by enum vcpu_gpr; RAX and RSP are the control
 * block's instead. vmcb and host: physical addresses of the guest's block and of the one svm_entry_save_host filled.
 * Called and returns with interrupts off; the host's interrupts still end the run. */
void svm_entry_run(uint64_t *gprs, uint64_t vmcb, uint64_t host);

/* VMSAVE of the host's FS, GS, TR, LDTR and syscall registers into the block at this physical address: what
 * svm_entry_run restores. */
void svm_entry_save_host(uint64_t host);

#endif
