/* SPDX-License-Identifier: GPL-2.0-only
 * The I/O APIC: 24 pins, each routed by a 64-bit redirection entry (Intel 82093AA datasheet; ICH9 datasheet 13.5 for
 * version 0x20 and its EOI register). */
#ifndef BULKHEAD_GUEST_IOAPIC_H
#define BULKHEAD_GUEST_IOAPIC_H

#include "guest/apic_message.h"

#define IOAPIC_SIZE 0x1000
#define IOAPIC_PINS 24

/* Versions a guest can be shown: 0x20 has the EOI register, 0x11 has not. */
#define IOAPIC_VERSION_CLASSIC 0x11
#define IOAPIC_VERSION_EOI 0x20

enum vioapic_offset {
    IOAPIC_SELECT = 0x00,
    IOAPIC_WINDOW = 0x10,
    IOAPIC_EOI = 0x40,
};

enum vioapic_index {
    IOAPIC_INDEX_ID = 0,
    IOAPIC_INDEX_VERSION = 1,
    IOAPIC_INDEX_ARBITRATION = 2,
    IOAPIC_INDEX_ENTRIES = 0x10, /* two words a pin, low one first */
};

#define IOAPIC_ENTRY_STATUS BIT64(12)
#define IOAPIC_ENTRY_REMOTE_IRR BIT64(14)
#define IOAPIC_ENTRY_LEVEL BIT64(15)
#define IOAPIC_ENTRY_MASKED BIT64(16)

struct vioapic {
    uint8_t id;
    uint8_t version;
    uint8_t select;
    uint32_t lines; /* bit n: pin n is asserted (polarity is the caller's affair: true means active) */
    uint64_t entries[IOAPIC_PINS];
    void *context;
    void (*send)(void *context, const struct apic_message *message);
    /* An interrupt of a level pin was ended; set the pin's line as it is now before returning. May be NULL. */
    void (*ended)(void *context, unsigned pin);
};

void vioapic_init(struct vioapic *io, uint8_t id, uint8_t version, void *context,
                  void (*send)(void *context, const struct apic_message *message));

/* Writes take 4 bytes (the select register also 1 or 2); other widths and offsets read 0 and are ignored. */
uint32_t vioapic_read(const struct vioapic *io, uint64_t offset, unsigned width);
void vioapic_write(struct vioapic *io, uint64_t offset, unsigned width, uint64_t value);

/* A pin's input; pins above 23 are ignored. An edge pin fires on the rise, and loses it while masked. */
void vioapic_set_line(struct vioapic *io, unsigned pin, bool asserted);

/* A local APIC finished this level-triggered vector: pins still asserted fire again. */
void vioapic_eoi(struct vioapic *io, uint8_t vector);

#endif
