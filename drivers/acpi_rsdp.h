/* SPDX-License-Identifier: GPL-2.0-only
 * The root system description pointer, from the loader or from the BIOS area (ACPI 6.5 5.2.5). */
#ifndef BULKHEAD_DRIVERS_ACPI_RSDP_H
#define BULKHEAD_DRIVERS_ACPI_RSDP_H

#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define ACPI_RSDP_V1_BYTES 20
#define ACPI_RSDP_V2_BYTES 36

struct acpi_rsdp {
    uint8_t revision; /* 0: ACPI 1.0, xsdt is 0 */
    struct hpa rsdt;  /* 0: none */
    struct hpa xsdt;  /* 0: none, or the extended part is unsound */
};

/* Check and read the RSDP in bytes. STATUS_BAD_FORMAT when even its ACPI 1 part is unsound. */
MUST_CHECK enum status acpi_rsdp_parse(struct acpi_rsdp *rsdp, const uint8_t *bytes, size_t length,
                                       struct diag_list *diags);

/* Search the first KiB of the EBDA, then 0xE0000..0xFFFFF, on 16-byte boundaries. STATUS_NOT_FOUND: none there. */
MUST_CHECK enum status acpi_rsdp_search(struct acpi_rsdp *rsdp, struct diag_list *diags);

#endif
