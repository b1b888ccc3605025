/* SPDX-License-Identifier: GPL-2.0-only
 * Where a high-precision event timer block is, from the HPET table (IA-PC HPET 1.0a 3.2.4). */
#ifndef BULKHEAD_DRIVERS_HPET_H
#define BULKHEAD_DRIVERS_HPET_H

#include "drivers/acpi.h"

struct hpet {
    struct hpa base; /* 1 KiB of registers */
    uint8_t number;  /* the enumeration id that DMAR scopes use */
};

/* STATUS_BAD_FORMAT: too short, base 0 or not in memory space. One machine may have several HPET tables. */
MUST_CHECK enum status hpet_parse(struct hpet *hpet, const struct acpi_view *table, struct diag_list *diags);

#endif
