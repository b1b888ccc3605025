/* SPDX-License-Identifier: GPL-2.0-only
 * An interrupt on its way to local APICs: from an ICR, an I/O APIC pin or a message-signalled write (SDM
 * 3A 11.6, 11.11).
 */
#ifndef BULKHEAD_GUEST_APIC_MESSAGE_H
#define BULKHEAD_GUEST_APIC_MESSAGE_H

#include "kernel/lib/bits.h"
#include "kernel/lib/types.h"

enum apic_delivery {
    APIC_FIXED = 0,
    APIC_LOWEST = 1,
    APIC_SMI = 2,
    APIC_NMI = 4,
    APIC_INIT = 5,
    APIC_SIPI = 6,
    APIC_EXTINT = 7,
};

enum apic_shorthand {
    APIC_TO_DESTINATION = 0,
    APIC_TO_SELF = 1,
    APIC_TO_ALL = 2,
    APIC_TO_OTHERS = 3,
};

#define APIC_BROADCAST UINT32_MAX

struct apic_message {
    uint8_t vector;
    enum apic_delivery delivery;
    enum apic_shorthand shorthand;
    bool logical;
    bool level;           /* level-triggered: its EOI goes back to the I/O APICs */
    uint32_t destination; /* APIC_BROADCAST for everyone; an 8-bit 0xFF has been widened to it */
};

/* An 8-bit destination field as struct apic_message holds it. */
static inline uint32_t apic_message_destination(uint8_t destination)
{
    return destination == 0xff ? APIC_BROADCAST : destination;
}

/* A message-signalled interrupt, address and data as in SDM 3A 11.11. The address must lie in 0xFEExxxxx. */
static inline struct apic_message apic_message_from_msi(uint64_t address, uint32_t data)
{
    return (struct apic_message){
        .vector = (uint8_t)data,
        .delivery = (enum apic_delivery)bits_get(data, 10, 8),
        .logical = bits_get(address, 2, 2) != 0,
        .level = bits_get(data, 15, 15) != 0,
        .destination = apic_message_destination((uint8_t)bits_get(address, 19, 12)),
    };
}

#endif
