/* SPDX-License-Identifier: GPL-2.0-only
 * The MSR bitmap and the I/O bitmaps (SDM 3C 25.6.4, 25.6.9): built full of "exit", opened by calls. */
#ifndef BULKHEAD_VMX_BITMAPS_H
#define BULKHEAD_VMX_BITMAPS_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

enum {
    VMX_MSR_BITMAP_BYTES = 4096, /* reads of low, of high, writes of low, of high MSRs: 1 KiB each, 1 exits */
    VMX_IO_BITMAP_BYTES = 8192,  /* bitmap A (ports 0..0x7fff), then B: one bit a port, 1 exits */
    VMX_IO_BITMAP_B = 4096,      /* where B begins */
};

/* Everything exits. */
void vmx_bitmaps_deny_msrs(uint8_t *msrs);
void vmx_bitmaps_deny_ports(uint8_t *ports);

/* Set both accesses of one MSR: allowed without an exit or not. STATUS_OUT_OF_RANGE for an MSR outside 0..0x1fff and
 * 0xc0000000..0xc0001fff: those always exit. */
MUST_CHECK enum status vmx_bitmaps_set_msr(uint8_t *msrs, uint32_t msr, bool allow_read, bool allow_write);

/* first..first+count - 1 <= 0xffff, count > 0, else STATUS_OUT_OF_RANGE and nothing changes. */
MUST_CHECK enum status vmx_bitmaps_set_ports(uint8_t *ports, uint16_t first, uint32_t count, bool allow);

#endif
