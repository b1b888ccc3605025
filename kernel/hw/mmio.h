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

#endif
