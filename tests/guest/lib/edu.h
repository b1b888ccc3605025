/* SPDX-License-Identifier: GPL-2.0-only
 * The edu device (QEMU docs/specs/edu.txt): a DMA engine with one buffer of 4 KiB, and a source of interrupts. */
#ifndef BULKHEAD_TESTS_GUEST_EDU_H
#define BULKHEAD_TESTS_GUEST_EDU_H

#include "kernel/lib/types.h"

struct edu {
    uint64_t base; /* BAR 0 */
    unsigned device;
};

/* Find 1234:11e8 on bus 0, from device 0 or `first` on; switch memory decoding and bus mastering on. */
bool edu_find(struct edu *edu);
bool edu_find_from(struct edu *edu, unsigned first);

/* Move bytes (at most 4096) between address `at` on the bus and the device's buffer; wait 150 ms and longer for the
 * engine to be idle. False: it did not end within a second. */
bool edu_to_device(const struct edu *edu, uint64_t at, uint32_t bytes);
bool edu_from_device(const struct edu *edu, uint64_t at, uint32_t bytes);

/* Have it write bytes of its buffer to `at`, without waiting; is it still at it? */
void edu_start(const struct edu *edu, uint64_t at, uint32_t bytes);
bool edu_is_busy(const struct edu *edu);

/* MSI with this message (PCI 3.0 6.8.1), off while it changes; or off. False: it has no such capability. */
bool edu_msi(const struct edu *edu, bool on, uint32_t address, uint16_t data);
/* The same while it stays as it is, on or off: address and data change one after the other. */
void edu_msi_change(const struct edu *edu, uint32_t address, uint16_t data);
/* Send the interrupt; clear what raised it. */
void edu_raise(const struct edu *edu);
void edu_acknowledge(const struct edu *edu);

#endif
