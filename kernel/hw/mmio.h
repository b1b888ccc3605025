/* SPDX-License-Identifier: GPL-2.0-only
 * Memory-mapped registers: one naturally aligned access of exactly the width named, never merged or reordered by
 * the compiler. The page must have been mapped by mmio_map() (kernel/core/mmio_map.h). */
#ifndef BULKHEAD_HW_MMIO_H
#define BULKHEAD_HW_MMIO_H

#include "kernel/lib/types.h"

uint8_t mmio_read8(struct hpa at);
uint16_t mmio_read16(struct hpa at);
uint32_t mmio_read32(struct hpa at);
uint64_t mmio_read64(struct hpa at);
void mmio_write8(struct hpa at, uint8_t value);
void mmio_write16(struct hpa at, uint16_t value);
void mmio_write32(struct hpa at, uint32_t value);
void mmio_write64(struct hpa at, uint64_t value);

/* The same by a width in bytes: 1, 2, 4, and 8 for anything else. */
static inline uint64_t mmio_read(struct hpa at, unsigned width)
{
    switch (width) {
    case 1:
        return mmio_read8(at);
    case 2:
        return mmio_read16(at);
    case 4:
        return mmio_read32(at);
    default:
        return mmio_read64(at);
    }
}

static inline void mmio_write(struct hpa at, unsigned width, uint64_t value)
{
    switch (width) {
    case 1:
        mmio_write8(at, (uint8_t)value);
        break;
    case 2:
        mmio_write16(at, (uint16_t)value);
        break;
    case 4:
        mmio_write32(at, (uint32_t)value);
        break;
    default:
        mmio_write64(at, value);
        break;
    }
}

#endif
