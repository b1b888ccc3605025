/* SPDX-License-Identifier: GPL-2.0-only
 * The firmware's own serial console, from the ACPI table SPCR (Microsoft, Serial Port Console Redirection Table 1.09).
 */
#ifndef BULKHEAD_BOOT_EFI_SPCR_H
#define BULKHEAD_BOOT_EFI_SPCR_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct spcr_console {
    uint16_t port; /* of a 16550 */
    uint32_t baud; /* 115200 where the table says "as it is" */
};

/* table: whole, with its header. STATUS_BAD_FORMAT: too short, or a wrong checksum; STATUS_UNSUPPORTED: not a 16550 at
 * an I/O port, or a rate that the hypervisor cannot take. */
MUST_CHECK enum status spcr_read(const void *table, size_t length, struct spcr_console *out);

#endif
