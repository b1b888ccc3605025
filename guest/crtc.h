/* SPDX-License-Identifier: GPL-2.0-only
 * The index and data port of a VGA text screen's CRT controller (IBM VGA Technical Reference), and no screen: small
 * kernels keep the cursor's place there and stop when it does not read back. What they write to 0xB8000 is RAM. */
#ifndef BULKHEAD_GUEST_CRTC_H
#define BULKHEAD_GUEST_CRTC_H

#include "kernel/lib/types.h"

#define CRTC_PORT 0x3d4
#define CRTC_PORTS 2u
#define CRTC_REGISTERS 25u

struct crtc {
    uint8_t index;
    uint8_t registers[CRTC_REGISTERS];
};

void crtc_init(struct crtc *c);

/* offset 0: index, 1: data; bytes only. Registers that there are none read 0xFF and keep nothing. */
uint8_t crtc_read(const struct crtc *c, unsigned offset);
void crtc_write(struct crtc *c, unsigned offset, uint8_t value);

#endif
