/* SPDX-License-Identifier: GPL-2.0-only
 * The MSR and I/O permission maps (APM2 15.10, 15.11): built full of "exit", opened by calls. */
#ifndef BULKHEAD_SVM_PERMISSIONS_H
#define BULKHEAD_SVM_PERMISSIONS_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

enum {
    SVM_MSRPM_BYTES = 8192, /* two bits an MSR: bit 0 read, bit 1 write exits */
    SVM_IOPM_BYTES = 12288, /* one bit a port, and three beyond the last for wide accesses at its end */
};

/* Everything exits. */
void svm_permissions_deny_msrs(uint8_t *msrpm);
void svm_permissions_deny_ports(uint8_t *iopm);

/* Set both accesses of one MSR: allowed without an exit or not. STATUS_OUT_OF_RANGE for an MSR outside
 * 0..0x1fff, 0xc0000000..0xc0001fff, 0xc0010000..0xc0011fff: those always exit (and may stay so). */
MUST_CHECK enum status svm_permissions_set_msr(uint8_t *msrpm, uint32_t msr, bool allow_read, bool allow_write);

/* first..first+count - 1 <= 0xffff, count > 0, else STATUS_OUT_OF_RANGE and nothing changes. */
MUST_CHECK enum status svm_permissions_set_ports(uint8_t *iopm, uint16_t first, uint32_t count, bool allow);

#endif
