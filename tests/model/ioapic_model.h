/* SPDX-License-Identifier: GPL-2.0-only
 * A model of one I/O APIC with remappable redirection entries (82093AA data sheet; VT-d 4.1 5.1.5.1): registers, pins,
 * remote IRR. Like the VT-d model it holds no globals and no heap and reaches the world through a callback. */
#ifndef BULKHEAD_MODEL_IOAPIC_MODEL_H
#define BULKHEAD_MODEL_IOAPIC_MODEL_H

#include "kernel/lib/types.h"

#define IOAPIC_MODEL_PINS 24
#define IOAPIC_MODEL_WINDOW 0x1000

/* The message that a pin sends: an interrupt request as any device makes one. */
struct ioapic_model_message {
    unsigned pin;
    uint32_t address, data; /* 0xFEExxxxx */
    bool level;             /* by the redirection entry */
    uint8_t vector;         /* by the redirection entry: what an EOI is compared with */
};

struct ioapic_model_io {
    void *context;
    void (*send)(void *context, const struct ioapic_model_message *message);
};

struct ioapic_model {
    struct ioapic_model_io io;
    uint8_t id;
    uint32_t select;
    uint64_t entry[IOAPIC_MODEL_PINS];
    bool line[IOAPIC_MODEL_PINS]; /* asserted */
};

/* Power-on state: every pin masked. */
void ioapic_model_reset(struct ioapic_model *m, uint8_t id, const struct ioapic_model_io *io);

/* One access of software to the window; offsets that hold no register read as 0 and ignore writes. */
uint32_t ioapic_model_read(struct ioapic_model *m, uint64_t offset);
void ioapic_model_write(struct ioapic_model *m, uint64_t offset, uint32_t value);

/* A device asserts or releases its line; pins beyond the last are ignored. */
void ioapic_model_line(struct ioapic_model *m, unsigned pin, bool asserted);

/* A local APIC tells everybody about the end of a level-triggered interrupt. */
void ioapic_model_eoi(struct ioapic_model *m, uint8_t vector);

#endif
