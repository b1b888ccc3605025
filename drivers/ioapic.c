/* SPDX-License-Identifier: GPL-2.0-only
 * Physical I/O APICs. */
#include "drivers/ioapic.h"

#include "kernel/core/mmio_map.h"
#include "kernel/hw/mmio.h"
#include "kernel/lib/bits.h"

enum {
    IOAPIC_INDEX = 0x00,
    IOAPIC_DATA = 0x10,
};
#define IOAPIC_REG_VERSION 0x01 /* 23:16: highest pin */
#define IOAPIC_REG_ENTRY 0x10   /* two registers a pin */
#define IOAPIC_MASKED BIT32(16)

static uint32_t read(const struct ioapic *io, unsigned index)
{
    mmio_write32(hpa_add(io->base, IOAPIC_INDEX), index);
    return mmio_read32(hpa_add(io->base, IOAPIC_DATA));
}

static void write(const struct ioapic *io, unsigned index, uint32_t value)
{
    mmio_write32(hpa_add(io->base, IOAPIC_INDEX), index);
    mmio_write32(hpa_add(io->base, IOAPIC_DATA), value);
}

enum status ioapic_init(struct ioapic *io, struct hpa base, uint8_t id, uint32_t gsi_base)
{
    *io = (struct ioapic){.base = base, .id = id, .gsi_base = gsi_base};
    enum status status = mmio_map(base, PAGE_SIZE);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t version = read(io, IOAPIC_REG_VERSION);
    if (version == UINT32_MAX || version == 0) {
        return STATUS_NOT_FOUND;
    }
    io->pins = (unsigned)bits_get(version, 23, 16) + 1;
    for (unsigned pin = 0; pin < io->pins; pin++) {
        write(io, IOAPIC_REG_ENTRY + 2 * pin, IOAPIC_MASKED);
    }
    return STATUS_OK;
}

void ioapic_write(struct ioapic *io, unsigned pin, uint64_t entry)
{
    unsigned index = IOAPIC_REG_ENTRY + 2 * pin;
    uint64_t flags = lock_take(&io->lock);
    write(io, index, IOAPIC_MASKED);
    write(io, index + 1, (uint32_t)(entry >> 32));
    write(io, index, (uint32_t)entry);
    lock_release(&io->lock, flags);
}
