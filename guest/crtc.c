/* SPDX-License-Identifier: GPL-2.0-only
 * Registers that remember, and show nothing. */
#include "guest/crtc.h"

#define DATA 1u

void crtc_init(struct crtc *c)
{
    *c = (struct crtc){0};
}

uint8_t crtc_read(const struct crtc *c, unsigned offset)
{
    if (offset != DATA) {
        return c->index;
    }
    return c->index < CRTC_REGISTERS ? c->registers[c->index] : 0xff;
}

void crtc_write(struct crtc *c, unsigned offset, uint8_t value)
{
    if (offset != DATA) {
        c->index = value;
    } else if (c->index < CRTC_REGISTERS) {
        c->registers[c->index] = value;
    }
}
