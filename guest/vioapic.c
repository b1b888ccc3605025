/* SPDX-License-Identifier: GPL-2.0-only
 * Redirection entries and pins. */
#include "guest/vioapic.h"

#define READ_ONLY (IOAPIC_ENTRY_STATUS | IOAPIC_ENTRY_REMOTE_IRR)
#define ENTRY_MASK (MASK64(63, 56) | MASK64(16, 0))

void vioapic_init(struct vioapic *io, uint8_t id, uint8_t version, void *context,
                  void (*send)(void *context, const struct apic_message *message))
{
    *io = (struct vioapic){.id = id & 0xf, .version = version, .context = context, .send = send};
    for (unsigned i = 0; i < IOAPIC_PINS; i++) {
        io->entries[i] = IOAPIC_ENTRY_MASKED;
    }
}

static void send(const struct vioapic *io, uint64_t entry)
{
    struct apic_message m = {
        .vector = (uint8_t)entry,
        .delivery = (enum apic_delivery)bits_get(entry, 10, 8),
        .logical = bits_get(entry, 11, 11) != 0,
        .level = (entry & IOAPIC_ENTRY_LEVEL) != 0,
        .destination = apic_message_destination((uint8_t)(entry >> 56)),
    };
    io->send(io->context, &m);
}

static bool is_level(uint64_t entry)
{
    return (entry & IOAPIC_ENTRY_LEVEL) != 0;
}

/* Only fixed and lowest priority end with an EOI; the rest would keep the pin blocked for ever. */
static bool wants_eoi(uint64_t entry)
{
    return is_level(entry) && bits_get(entry, 10, 8) <= APIC_LOWEST;
}

/* A level pin that is asserted, unmasked and not waiting for an EOI. */
static void service_level(struct vioapic *io, unsigned pin)
{
    uint64_t *entry = &io->entries[pin];
    bool asserted = (io->lines & BIT32(pin)) != 0;
    if (!asserted || !is_level(*entry) || (*entry & (IOAPIC_ENTRY_MASKED | IOAPIC_ENTRY_REMOTE_IRR)) != 0) {
        return;
    }
    if (wants_eoi(*entry)) {
        *entry |= IOAPIC_ENTRY_REMOTE_IRR; /* before sending: the EOI may come from inside */
    }
    send(io, *entry);
}

void vioapic_set_line(struct vioapic *io, unsigned pin, bool asserted)
{
    if (pin >= IOAPIC_PINS) {
        return;
    }
    uint32_t bit = BIT32(pin);
    bool rises = asserted && (io->lines & bit) == 0;
    io->lines = asserted ? io->lines | bit : io->lines & ~bit;
    if (is_level(io->entries[pin])) {
        service_level(io, pin);
    } else if (rises && (io->entries[pin] & IOAPIC_ENTRY_MASKED) == 0) {
        send(io, io->entries[pin]);
    }
}

void vioapic_eoi(struct vioapic *io, uint8_t vector)
{
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        uint64_t *entry = &io->entries[pin];
        if (is_level(*entry) && (*entry & 0xff) == vector && (*entry & IOAPIC_ENTRY_REMOTE_IRR) != 0) {
            *entry &= ~IOAPIC_ENTRY_REMOTE_IRR;
            if (io->ended != NULL) {
                io->ended(io->context, pin);
            }
            service_level(io, pin);
        }
    }
}

/* Turning a pin to edge clears Remote IRR: that is how kernels end an interrupt on versions without EOI register. */
static void write_entry(struct vioapic *io, unsigned pin, bool high, uint32_t value)
{
    uint64_t old = io->entries[pin];
    uint64_t entry = high ? bits_set(old, 63, 32, value) : bits_set(old, 31, 0, value);
    entry = (entry & ENTRY_MASK & ~READ_ONLY) | (old & READ_ONLY);
    if (!is_level(entry)) {
        entry &= ~IOAPIC_ENTRY_REMOTE_IRR;
    }
    io->entries[pin] = entry;
    service_level(io, pin);
}

static uint32_t read_window(const struct vioapic *io)
{
    unsigned entry = io->select - IOAPIC_INDEX_ENTRIES;
    switch (io->select) {
    case IOAPIC_INDEX_ID:
    case IOAPIC_INDEX_ARBITRATION:
        return (uint32_t)io->id << 24;
    case IOAPIC_INDEX_VERSION:
        return (uint32_t)(IOAPIC_PINS - 1) << 16 | io->version;
    default:
        break;
    }
    if (io->select < IOAPIC_INDEX_ENTRIES || entry >= 2 * IOAPIC_PINS) {
        return 0;
    }
    return (uint32_t)(io->entries[entry / 2] >> (32 * (entry % 2)));
}

static void write_window(struct vioapic *io, uint32_t value)
{
    unsigned entry = io->select - IOAPIC_INDEX_ENTRIES;
    if (io->select == IOAPIC_INDEX_ID) {
        io->id = (uint8_t)bits_get(value, 27, 24);
    } else if (io->select >= IOAPIC_INDEX_ENTRIES && entry < 2 * IOAPIC_PINS) {
        write_entry(io, entry / 2, entry % 2 != 0, value);
    }
}

uint32_t vioapic_read(const struct vioapic *io, uint64_t offset, unsigned width)
{
    if (offset == IOAPIC_SELECT && width <= 4) {
        return io->select;
    }
    return offset == IOAPIC_WINDOW && width == 4 ? read_window(io) : 0;
}

void vioapic_write(struct vioapic *io, uint64_t offset, unsigned width, uint64_t value)
{
    if (offset == IOAPIC_SELECT && width <= 4) {
        io->select = (uint8_t)value;
    } else if (offset == IOAPIC_WINDOW && width == 4) {
        write_window(io, (uint32_t)value);
    } else if (offset == IOAPIC_EOI && width == 4 && io->version >= IOAPIC_VERSION_EOI) {
        vioapic_eoi(io, (uint8_t)value);
    }
}
