/* SPDX-License-Identifier: GPL-2.0-only
 * PCI devices 1234:11e8: QEMU's edu, the tests' rogue. */
#ifndef BULKHEAD_PLUGIN_EDU_H
#define BULKHEAD_PLUGIN_EDU_H

#include <stdint.h>

/* Once, at start, before the firmware looks for devices. */
void edu_init();
void edu_reset();

/* For struct vtd_model_io: an invalidation request to a device. False: no edu with ATS there, or it does not answer. */
bool edu_forget(void *context, uint16_t sid, uint64_t address, uint64_t bytes, unsigned max_pending);

/* Registers of extended configuration space, 0x100 to 0xfff, four bytes at a time; false: no edu with ATS there. */
bool edu_extended_read(uint8_t devfunc, unsigned offset, uint32_t *value);
bool edu_extended_write(uint8_t devfunc, unsigned offset, uint32_t value);

#endif
