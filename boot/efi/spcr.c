/* SPDX-License-Identifier: GPL-2.0-only
 * Reader of the SPCR. */
#include "boot/efi/spcr.h"

#include "kernel/lib/cursor.h"

enum {
    HEADER_SIZE = 36,
    TABLE_MIN = 80,
    KIND_16550 = 0,
    KIND_16450 = 1,
    KIND_GENERIC = 0x12, /* a 16550 where the address says */
    SPACE_IO = 1,
    PORT_MIN = 0x100, /* what console= takes */
    PORT_MAX = 0xfff8,
};

/* 0: not one that is defined. */
static uint32_t baud_of(uint8_t code)
{
    switch (code) {
    case 3:
        return 9600;
    case 4:
        return 19200;
    case 6:
        return 57600;
    case 0:
    case 7:
        return 115200;
    default:
        return 0;
    }
}

static bool sums_to_zero(const uint8_t *bytes, size_t length)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    return sum == 0;
}

enum status spcr_read(const void *table, size_t length, struct spcr_console *out)
{
    struct cursor c = cursor_make(table, length);
    cursor_take(&c, 4);
    uint32_t told = cursor_u32(&c);
    if (c.failed || told < TABLE_MIN || told > length || !sums_to_zero(table, told)) {
        return STATUS_BAD_FORMAT;
    }
    cursor_take(&c, HEADER_SIZE - 8);
    uint8_t kind = cursor_u8(&c);
    cursor_take(&c, 3);
    uint8_t space = cursor_u8(&c);
    cursor_take(&c, 3); /* width, offset, access size */
    uint64_t address = cursor_u64(&c);
    cursor_take(&c, 6); /* interrupt */
    uint32_t baud = baud_of(cursor_u8(&c));
    bool kind_fits = kind == KIND_16550 || kind == KIND_16450 || kind == KIND_GENERIC;
    if (!kind_fits || space != SPACE_IO || address < PORT_MIN || address > PORT_MAX || baud == 0) {
        return STATUS_UNSUPPORTED;
    }
    *out = (struct spcr_console){(uint16_t)address, baud};
    return STATUS_OK;
}
