/* SPDX-License-Identifier: GPL-2.0-only
 * An I/O APIC (82093AA data sheet chapter 3; the EOI register of its successors). */
#include "tests/model/ioapic_model.h"

#include <string.h>

#include "kernel/lib/bits.h"

enum {
    WINDOW_SELECT = 0x00,
    WINDOW_DATA = 0x10,
    WINDOW_EOI = 0x40,
    REGISTER_ID = 0,
    REGISTER_VERSION = 1,
    REGISTER_ARBITRATION = 2,
    REGISTER_ENTRIES = 0x10,
    VERSION = 0x20, /* with an EOI register */
};

#define ENTRY_DELIVERY(e) bits_get((e), 10, 8)
#define ENTRY_LEVEL BIT64(15)
#define ENTRY_REMOTE_IRR BIT64(14)
#define ENTRY_MASKED BIT64(16)
#define ENTRY_READ_ONLY (BIT64(12) | ENTRY_REMOTE_IRR)

void ioapic_model_reset(struct ioapic_model *m, uint8_t id, const struct ioapic_model_io *io)
{
    memset(m, 0, sizeof(*m));
    m->io = *io;
    m->id = id;
    for (unsigned pin = 0; pin < IOAPIC_MODEL_PINS; pin++) {
        m->entry[pin] = ENTRY_MASKED;
    }
}

/* Bits 63:48 go to address bits 19:4 in both formats: destination, or handle and format (VT-d 4.1 5.1.5.1). */
static void send(struct ioapic_model *m, unsigned pin)
{
    uint64_t e = m->entry[pin];
    bool remappable = bits_get(e, 48, 48) != 0;
    bool lowest = !remappable && ENTRY_DELIVERY(e) == 1;
    bool level = (e & ENTRY_LEVEL) != 0;
    struct ioapic_model_message message = {
        .pin = pin,
        .address = (uint32_t)(UINT32_C(0xfee00000) | bits_get(e, 63, 48) << 4 | bits_get(e, 11, 11) << 2 |
                              (lowest ? BIT32(3) : 0)),
        .data = (uint32_t)(bits_get(e, 7, 0) | ENTRY_DELIVERY(e) << 8 | (level ? BIT32(15) | BIT32(14) : 0)),
        .level = level,
        .vector = (uint8_t)e,
    };
    if (level) {
        m->entry[pin] |= ENTRY_REMOTE_IRR;
    }
    m->io.send(m->io.context, &message);
}

/* A level-triggered pin sends while its line is asserted and the last message is answered by an EOI. */
static void settle_level(struct ioapic_model *m, unsigned pin)
{
    uint64_t e = m->entry[pin];
    if (m->line[pin] && (e & ENTRY_LEVEL) != 0 && (e & (ENTRY_MASKED | ENTRY_REMOTE_IRR)) == 0) {
        send(m, pin);
    }
}

void ioapic_model_line(struct ioapic_model *m, unsigned pin, bool asserted)
{
    if (pin >= IOAPIC_MODEL_PINS) {
        return;
    }
    bool rises = asserted && !m->line[pin];
    m->line[pin] = asserted;
    if ((m->entry[pin] & ENTRY_LEVEL) != 0) {
        settle_level(m, pin);
    } else if (rises && (m->entry[pin] & ENTRY_MASKED) == 0) {
        send(m, pin);
    }
}

void ioapic_model_eoi(struct ioapic_model *m, uint8_t vector)
{
    for (unsigned pin = 0; pin < IOAPIC_MODEL_PINS; pin++) {
        if ((m->entry[pin] & ENTRY_LEVEL) != 0 && (uint8_t)m->entry[pin] == vector) {
            m->entry[pin] &= ~ENTRY_REMOTE_IRR;
            settle_level(m, pin);
        }
    }
}

static bool entry_selected(const struct ioapic_model *m, unsigned *pin)
{
    *pin = (m->select - REGISTER_ENTRIES) / 2;
    return m->select >= REGISTER_ENTRIES && *pin < IOAPIC_MODEL_PINS;
}

static uint32_t read_register(const struct ioapic_model *m)
{
    unsigned pin = 0;
    if (entry_selected(m, &pin)) {
        return (uint32_t)((m->select & 1) != 0 ? m->entry[pin] >> 32 : m->entry[pin]);
    }
    switch (m->select) {
    case REGISTER_ID:
    case REGISTER_ARBITRATION:
        return (uint32_t)m->id << 24;
    case REGISTER_VERSION:
        return VERSION | (IOAPIC_MODEL_PINS - 1) << 16;
    default:
        return 0;
    }
}

uint32_t ioapic_model_read(struct ioapic_model *m, uint64_t offset)
{
    switch (offset) {
    case WINDOW_SELECT:
        return m->select;
    case WINDOW_DATA:
        return read_register(m);
    default:
        return 0;
    }
}

/* An entry that becomes edge-triggered forgets that a message was unanswered. */
static void write_low(struct ioapic_model *m, unsigned pin, uint32_t value)
{
    uint64_t kept = m->entry[pin] & (MASK64(63, 32) | ENTRY_READ_ONLY);
    m->entry[pin] = kept | (value & ~ENTRY_READ_ONLY);
    if ((m->entry[pin] & ENTRY_LEVEL) == 0) {
        m->entry[pin] &= ~ENTRY_REMOTE_IRR;
    }
    settle_level(m, pin);
}

static void write_register(struct ioapic_model *m, uint32_t value)
{
    unsigned pin = 0;
    if (!entry_selected(m, &pin)) {
        m->id = m->select == REGISTER_ID ? (uint8_t)bits_get(value, 27, 24) : m->id;
    } else if ((m->select & 1) != 0) {
        m->entry[pin] = bits_set(m->entry[pin], 63, 32, value);
    } else {
        write_low(m, pin, value);
    }
}

void ioapic_model_write(struct ioapic_model *m, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case WINDOW_SELECT:
        m->select = (uint8_t)value;
        break;
    case WINDOW_DATA:
        write_register(m, value);
        break;
    case WINDOW_EOI:
        ioapic_model_eoi(m, (uint8_t)value);
        break;
    default:
        break;
    }
}
