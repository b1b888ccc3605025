/* SPDX-License-Identifier: GPL-2.0-only
 * The machine's memory as the chipset sees it: host-physical addresses, nothing translated. */
#ifndef BULKHEAD_PLUGIN_MEMORY_H
#define BULKHEAD_PLUGIN_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* RAM alone: false, and nothing is done, when any of it is elsewhere. */
bool memory_read(uint64_t address, void *data, size_t bytes);
bool memory_write(uint64_t address, const void *data, size_t bytes);

/* For devices: RAM or another device; the chipset's own registers are out of its reach (false). Within a page. */
bool memory_device_read(uint64_t address, void *data, size_t bytes);
bool memory_device_write(uint64_t address, const void *data, size_t bytes);

#endif
