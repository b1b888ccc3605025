/* SPDX-License-Identifier: GPL-2.0-only
 * EFI_TCG2_PROTOCOL (TCG EFI Protocol Specification, family 2.0, 6): what this loader uses of it. */
#ifndef BULKHEAD_BOOT_EFI_TCG2_H
#define BULKHEAD_BOOT_EFI_TCG2_H

#include <efi.h>

#define TCG2_PROTOCOL_GUID                                                                                             \
    {                                                                                                                  \
        0x607f766c, 0x7455, 0x42be,                                                                                    \
        {                                                                                                              \
            0x93, 0x0b, 0xe4, 0xd7, 0x6d, 0xb2, 0x72, 0x0f                                                             \
        }                                                                                                              \
    }

#define TCG2_EVENT_HEADER_BYTES 18 /* with the first field, the whole event's size */
#define TCG2_LOG_AGILE 2           /* digests of several algorithms an event */

struct tcg2_protocol {
    EFI_STATUS(EFIAPI *get_capability)(struct tcg2_protocol *self, void *capability);
    EFI_STATUS(EFIAPI *get_event_log)
    (struct tcg2_protocol *self, UINT32 format, UINT64 *first, UINT64 *last, BOOLEAN *cut);
    EFI_STATUS(EFIAPI *hash_log_extend)
    (struct tcg2_protocol *self, UINT64 flags, UINT64 data, UINT64 data_bytes, void *event);
};

#endif
