/* SPDX-License-Identifier: GPL-2.0-only
 * Memory requests of devices: through the unit that covers the requester. What is blocked does as on hardware: reads
 * bring all ones, writes vanish; both return false. */
#ifndef BULKHEAD_PLUGIN_DMA_H
#define BULKHEAD_PLUGIN_DMA_H

#include <stddef.h>
#include <stdint.h>

bool dma_read(uint16_t sid, uint64_t address, void *data, size_t bytes);
/* A write of 4 bytes to 0xFEExxxxx is an interrupt message. */
bool dma_write(uint16_t sid, uint64_t address, const void *data, size_t bytes);

/* That requester keeps translations: what is no interrupt message goes by them. */
struct ats_model;
void dma_keeps(uint16_t sid, struct ats_model *tlb);

/* Says on the log what every requester did. */
void dma_summary();

#endif
