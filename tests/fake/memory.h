/* SPDX-License-Identifier: GPL-2.0-only
 * A pretended physical memory behind kernel/hw/phys.h: one block at a chosen host-physical base. */
#ifndef BULKHEAD_FAKE_MEMORY_H
#define BULKHEAD_FAKE_MEMORY_H

#include "kernel/lib/types.h"

/* (Re)create `size` zeroed bytes of RAM at `base` (both 4 KiB aligned). Anything outside fails the test on access. */
void fake_memory_reset(uint64_t base, uint64_t size);
uint64_t fake_memory_base(void);
uint64_t fake_memory_size(void);
/* Pointer to at..at+bytes or NULL when outside: for models that must answer "all ones" instead of failing. */
void *fake_memory_at(uint64_t at, size_t bytes);

/* Called for every cpu_flush() that lies in the pretended memory; NULL for none. */
typedef void fake_flush_hook(void *context, uint64_t at, uint64_t bytes);
void fake_memory_on_flush(fake_flush_hook *hook, void *context);

#endif
