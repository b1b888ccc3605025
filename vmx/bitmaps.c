/* SPDX-License-Identifier: GPL-2.0-only
 * MSR and I/O bitmaps. */
#include "vmx/bitmaps.h"

#include "kernel/lib/string.h"

enum {
    RANGE_MSRS = 0x2000,
    RANGE_BYTES = RANGE_MSRS / 8,
    WRITES = 2 * RANGE_BYTES, /* from an MSR's read bit to its write bit */
};

/* First MSR of each range, in the order of the bitmap. */
static const uint32_t ranges[] = {0x00000000, 0xc0000000};

static void set_bit(uint8_t *map, uint32_t index, bool allow)
{
    uint8_t bit = (uint8_t)(1u << (index % 8));
    map[index / 8] = (uint8_t)(allow ? map[index / 8] & ~bit : map[index / 8] | bit);
}

void vmx_bitmaps_deny_msrs(uint8_t *msrs)
{
    memset(msrs, 0xff, VMX_MSR_BITMAP_BYTES);
}

void vmx_bitmaps_deny_ports(uint8_t *ports)
{
    memset(ports, 0xff, VMX_IO_BITMAP_BYTES);
}

enum status vmx_bitmaps_set_msr(uint8_t *msrs, uint32_t msr, bool allow_read, bool allow_write)
{
    for (size_t i = 0; i < ARRAY_LENGTH(ranges); i++) {
        if (msr >= ranges[i] && msr - ranges[i] < RANGE_MSRS) {
            uint8_t *reads = msrs + i * RANGE_BYTES;
            set_bit(reads, msr - ranges[i], allow_read);
            set_bit(reads + WRITES, msr - ranges[i], allow_write);
            return STATUS_OK;
        }
    }
    return STATUS_OUT_OF_RANGE;
}

enum status vmx_bitmaps_set_ports(uint8_t *ports, uint16_t first, uint32_t count, bool allow)
{
    if (count == 0 || count > 0x10000u - first) {
        return STATUS_OUT_OF_RANGE;
    }
    for (uint32_t port = first; port < first + count; port++) {
        set_bit(ports, port, allow);
    }
    return STATUS_OK;
}
