/* SPDX-License-Identifier: GPL-2.0-only
 * The edu device (QEMU docs/specs/edu.txt) as a DMA engine: one buffer of 4 KiB in the device. */
#ifndef BULKHEAD_TESTS_GUEST_EDU_H
#define BULKHEAD_TESTS_GUEST_EDU_H

#include "kernel/lib/types.h"

struct edu {
    uint64_t base; /* BAR 0 */
    unsigned device;
};

/* Find 1234:11e8 on bus 0, switch memory decoding and bus mastering on. */
bool edu_find(struct edu *edu);

/* Move bytes (at most 4096) between address `at` on the bus and the device's buffer; wait 150 ms and longer for the
 * engine to be idle. False: it did not end within a second. */
bool edu_to_device(const struct edu *edu, uint64_t at, uint32_t bytes);
bool edu_from_device(const struct edu *edu, uint64_t at, uint32_t bytes);

#endif
