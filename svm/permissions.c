/* SPDX-License-Identifier: GPL-2.0-only
 * MSR and I/O permission maps. */
#include "svm/permissions.h"

#include "kernel/lib/string.h"

enum {
    RANGE_MSRS = 0x2000,
    RANGE_BYTES = RANGE_MSRS * 2 / 8,
};

/* First MSR of each range that the map holds, in map order (APM2 table 15-9). */
static const uint32_t ranges[] = {0x00000000, 0xc0000000, 0xc0010000};

void svm_permissions_deny_msrs(uint8_t *msrpm)
{
    memset(msrpm, 0xff, SVM_MSRPM_BYTES);
}

void svm_permissions_deny_ports(uint8_t *iopm)
{
    memset(iopm, 0xff, SVM_IOPM_BYTES);
}

enum status svm_permissions_set_msr(uint8_t *msrpm, uint32_t msr, bool allow_read, bool allow_write)
{
    for (size_t i = 0; i < ARRAY_LENGTH(ranges); i++) {
        if (msr < ranges[i] || msr - ranges[i] >= RANGE_MSRS) {
            continue;
        }
        uint32_t index = msr - ranges[i];
        uint8_t *byte = &msrpm[i * RANGE_BYTES + index / 4];
        unsigned shift = index % 4 * 2;
        unsigned exits = (allow_read ? 0u : 1u) | (allow_write ? 0u : 2u);
        *byte = (uint8_t)((*byte & ~(3u << shift)) | exits << shift);
        return STATUS_OK;
    }
    return STATUS_OUT_OF_RANGE;
}

enum status svm_permissions_set_ports(uint8_t *iopm, uint16_t first, uint32_t count, bool allow)
{
    if (count == 0 || count > 0x10000u - first) {
        return STATUS_OUT_OF_RANGE;
    }
    for (uint32_t port = first; port < first + count; port++) {
        uint8_t bit = (uint8_t)(1u << (port % 8));
        iopm[port / 8] = (uint8_t)(allow ? iopm[port / 8] & ~bit : iopm[port / 8] | bit);
    }
    return STATUS_OK;
}
