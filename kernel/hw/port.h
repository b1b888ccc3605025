/* SPDX-License-Identifier: GPL-2.0-only
 * I/O ports. */
#ifndef BULKHEAD_HW_PORT_H
#define BULKHEAD_HW_PORT_H

#include "kernel/lib/types.h"

uint8_t port_read8(uint16_t port);
uint16_t port_read16(uint16_t port);
uint32_t port_read32(uint16_t port);
void port_write8(uint16_t port, uint8_t value);
void port_write16(uint16_t port, uint16_t value);
void port_write32(uint16_t port, uint32_t value);

#endif
