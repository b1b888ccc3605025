/* SPDX-License-Identifier: GPL-2.0-only
 * HPET description table (IA-PC HPET 1.0a 3.2.4). */
#include "drivers/hpet.h"

#include "drivers/acpi_diag.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/cursor.h"

#define HPET_BLOCK_BYTES 1024
#define SPACE_MEMORY 0

enum status hpet_parse(struct hpet *hpet, const struct acpi_view *table, struct diag_list *diags)
{
    *hpet = (struct hpet){0};
    struct cursor c = cursor_make(table->bytes, table->length);
    cursor_take(&c, ACPI_HEADER_BYTES + 4); /* and the low half of the capability register */
    uint8_t space = cursor_u8(&c);
    cursor_take(&c, 3); /* width, offset, access size: not used for a memory block */
    hpet->base = hpa(cursor_u64(&c));
    hpet->number = cursor_u8(&c);
    cursor_take(&c, 2); /* the shortest period */
    if (c.failed || space != SPACE_MEMORY || hpet->base.v == 0 || !is_aligned(hpet->base.v, HPET_BLOCK_BYTES)) {
        diag_add(diags, ACPI_DIAG_HPET_BAD, DIAG_WARNING, "HPET", "update the firmware",
                 "%zu bytes, base 0x%llx in address space %u: no usable timer block; it is not used", table->length,
                 (unsigned long long)hpet->base.v, space);
        return STATUS_BAD_FORMAT;
    }
    return STATUS_OK;
}
