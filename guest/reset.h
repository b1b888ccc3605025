/* SPDX-License-Identifier: GPL-2.0-only
 * The ports by which a PC's software resets it: 0xCF9 (ICH9 datasheet 13.7.5), the keyboard controller's command 0xFE
 * at 0x64, and the fast reset of port 0x92. They reset the guest, never the machine. */
#ifndef BULKHEAD_GUEST_RESET_H
#define BULKHEAD_GUEST_RESET_H

#include "kernel/lib/types.h"

enum reset_port {
    RESET_KEYBOARD = 0x64,
    RESET_SYSTEM_CONTROL = 0x92,
    RESET_CONTROL = 0xcf9,
};

struct reset {
    uint8_t control; /* 0xCF9 */
    uint8_t system;  /* 0x92: bit 1 is A20 */
    bool requested;
};

void reset_init(struct reset *r);
/* Bytes only. There is no keyboard controller: 0x64 reads 0xFF, which drivers take for absent. */
uint8_t reset_read(const struct reset *r, uint16_t port);
void reset_write(struct reset *r, uint16_t port, uint8_t value);
bool reset_is_requested(const struct reset *r);

#endif
