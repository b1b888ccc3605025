/* SPDX-License-Identifier: GPL-2.0-only
 * One register of the local APIC, whichever way the guest reached it (SDM 3A 11.4.1, 11.12.1.2). From its own vCPU. */
#ifndef BULKHEAD_GUEST_LAPIC_REGISTERS_H
#define BULKHEAD_GUEST_LAPIC_REGISTERS_H

#include "guest/vlapic.h"

#define LAPIC_ICR_WRITABLE 0x000ccfffU /* all but reserved bits and delivery status */

/* offset is a multiple of 16 below LAPIC_SIZE. False for a register that does not exist in this mode or cannot be read
 * or written. ICR_LOW and SELF_IPI send. */
MUST_CHECK bool vlapic_register_read(struct vlapic *l, uint32_t offset, uint64_t now_ns, uint32_t *value);
bool vlapic_register_write(struct vlapic *l, uint32_t offset, uint32_t value, uint64_t now_ns);

/* Bits that a write may set; UINT32_MAX for registers without reserved bits. */
uint32_t vlapic_register_writable(const struct vlapic *l, uint32_t offset);

#endif
