/* SPDX-License-Identifier: GPL-2.0-only
 * QEMU's edu device (docs/specs/edu.txt): a DMA engine that reads and writes any address, and raises interrupts. */
#ifndef BULKHEAD_SELFTEST_EDU_H
#define BULKHEAD_SELFTEST_EDU_H

#include "drivers/pci.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

struct edu {
    const struct pci_function *function;
    struct hpa registers;
};

/* Map the registers of the first edu; STATUS_NOT_FOUND when there is none. */
MUST_CHECK enum status edu_open(struct edu *edu, const struct pci_facts *facts);

/* Order the engine to copy `bytes` (at most 4096) from a bus address into its buffer, or from its buffer to a bus
 * address, and wait until it says so (it takes 100 ms). */
MUST_CHECK enum status edu_read_memory(const struct edu *edu, uint64_t address, unsigned bytes);
MUST_CHECK enum status edu_write_memory(const struct edu *edu, uint64_t address, unsigned bytes);

/* Order `times` writes of 64 bytes to the bus, the first to `address` and each a page further, `burst` of them at a
 * time, and wait for the end. STATUS_UNSUPPORTED: QEMU's own edu cannot; the one of tests/bochs/plugin can. */
MUST_CHECK enum status edu_flood(const struct edu *edu, uint64_t address, uint64_t times, uint64_t burst);

/* Raise the interrupt; acknowledge it. */
void edu_raise(const struct edu *edu, uint32_t bits);
void edu_acknowledge(const struct edu *edu);

#endif
