/* SPDX-License-Identifier: GPL-2.0-only
 * What a PC's firmware leaves behind for programs that use it: real-mode vectors with handlers, the BIOS data area, and
 * a timer that ticks (IBM PC AT Technical Reference; Multiboot 0.6.96 3.2: "as initialized by the BIOS"). There are no
 * services: every INT n that is not an interrupt returns at once. */
#ifndef BULKHEAD_GUEST_FIRMWARE_H
#define BULKHEAD_GUEST_FIRMWARE_H

#include "guest/memory.h"
#include "guest/pit.h"
#include "guest/vlapic.h"
#include "guest/vpic.h"

/* Vectors and data into the first page, handlers to GUEST_FIRMWARE_CODE. STATUS_OUT_OF_RANGE: no RAM there. */
MUST_CHECK enum status firmware_write(const struct guest_memory *memory);

/* At guest time now_ns, for kernels of every kind: the bootstrap processor's LAPIC passes the 8259 pair through
 * (virtual wire, MP Specification 1.4 3.6.2.2). */
void firmware_set_wire(struct vlapic *bootstrap, uint64_t now_ns);

/* The devices as they are handed over, at guest time now_ns: channel 0 ticks at 18.2 Hz, IRQ 0 is the only one open. */
void firmware_set_devices(struct vpic *pic, struct pit *pit, uint64_t now_ns);

#endif
