/* SPDX-License-Identifier: GPL-2.0-only
 * Pretended device registers behind kernel/hw/mmio.h: a test registers a window with two callbacks.
 * An access outside every window, or not aligned to its width, fails the test. */
#ifndef BULKHEAD_FAKE_MMIO_H
#define BULKHEAD_FAKE_MMIO_H

#include "kernel/lib/types.h"

/* offset is from the window's base; width is 1, 2, 4 or 8 bytes. */
typedef uint64_t fake_mmio_read(void *context, uint64_t offset, unsigned width);
typedef void fake_mmio_write(void *context, uint64_t offset, unsigned width, uint64_t value);

void fake_mmio_reset(void);
/* mmio_map() refuses what begins there, as it does RAM. Forgotten by the reset. */
void fake_mmio_refuse_map(uint64_t base);
void fake_mmio_add(uint64_t base, uint64_t size, fake_mmio_read *read, fake_mmio_write *write, void *context);

#endif
