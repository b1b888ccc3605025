/* SPDX-License-Identifier: GPL-2.0-only
 * Any bytes as an MP configuration table whose signature, length and checksum are made right, and as they are. */
#include <stdlib.h>
#include <string.h>

#include "drivers/acpi.h"
#include "drivers/mp_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER_BYTES 44
#define ROOM (8 * KIB)

static uint8_t space[ROOM * 8] __attribute__((aligned(16)));

static void check(const uint8_t *bytes, size_t size)
{
    static const struct madt_ioapic ioapic = {.id = 1, .gsi_base = 24};
    const struct madt madt = {.ioapics = &ioapic, .ioapic_count = 1};
    struct arena arena = arena_make(space, sizeof(space));
    struct mp_table table;
    if (mp_table_parse(bytes, size, &arena, &table) != STATUS_OK) {
        return;
    }
    for (size_t i = 0; i < table.count; i++) {
        const struct mp_table_line *l = &table.lines[i];
        uint32_t gsi = mp_table_gsi(&table, &madt, l->bus, l->device, l->pin);
        if (l->device > 31 || l->pin < 1 || l->pin > 4 || (gsi != MP_TABLE_NO_GSI && (gsi < 24 || gsi > 24 + 255))) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size);
    if (size < HEADER_BYTES || size > ROOM) {
        return 0;
    }
    uint8_t *copy = malloc(size); /* so that a read past its end is seen */
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    memcpy(copy, "PCMP", 4);
    copy[4] = (uint8_t)size;
    copy[5] = (uint8_t)(size >> 8);
    copy[7] = 0;
    copy[7] = (uint8_t)-acpi_sum(copy, size);
    check(copy, size);
    free(copy);
    return 0;
}
