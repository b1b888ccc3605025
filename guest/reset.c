/* SPDX-License-Identifier: GPL-2.0-only
 * Reset requests. */
#include "guest/reset.h"

enum {
    CONTROL_WRITABLE = 0x0e, /* full reset, reset CPU, system reset */
    CONTROL_RESET = 0x04,
    SYSTEM_WRITABLE = 0x03,
    SYSTEM_RESET = 0x01,
    SYSTEM_A20 = 0x02,
    KEYBOARD_PULSE_RESET = 0xfe,
};

void reset_init(struct reset *r)
{
    *r = (struct reset){.system = SYSTEM_A20};
}

uint8_t reset_read(const struct reset *r, uint16_t port)
{
    switch (port) {
    case RESET_CONTROL:
        return r->control;
    case RESET_SYSTEM_CONTROL:
        return r->system;
    default:
        return 0xff;
    }
}

/* Both control bits act when they rise. A20 is stored and read back, but memory never wraps. */
void reset_write(struct reset *r, uint16_t port, uint8_t value)
{
    switch (port) {
    case RESET_CONTROL:
        r->requested |= (value & ~r->control & CONTROL_RESET) != 0;
        r->control = value & CONTROL_WRITABLE;
        break;
    case RESET_SYSTEM_CONTROL:
        r->requested |= (value & ~r->system & SYSTEM_RESET) != 0;
        r->system = value & SYSTEM_WRITABLE;
        break;
    case RESET_KEYBOARD:
        r->requested |= value == KEYBOARD_PULSE_RESET;
        break;
    default:
        break;
    }
}

bool reset_is_requested(const struct reset *r)
{
    return r->requested;
}
