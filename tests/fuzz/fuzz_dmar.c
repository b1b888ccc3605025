/* SPDX-License-Identifier: GPL-2.0-only
 * Any bytes as a DMAR table, as they are and with length and checksum made right; then questions about coverage over a
 * topology made from the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "kernel/core/panic.h"
#include "vtd/dmar.h"
#include "vtd/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TABLE_MAX 16384

struct topology {
    const uint8_t *bytes;
    size_t length;
};

/* Every function may be a bridge; which and to where is as arbitrary as firmware can be. */
static enum status secondary(void *context, struct sbdf bridge, uint8_t *first, uint8_t *last)
{
    const struct topology *t = context;
    if (t->length == 0) {
        return STATUS_NOT_FOUND;
    }
    uint8_t pick = t->bytes[bridge.v % t->length];
    if (pick % 3 == 0) {
        return STATUS_NOT_FOUND;
    }
    *first = pick;
    *last = t->bytes[(bridge.v / 7) % t->length];
    return STATUS_OK;
}

static void ask_functions(const struct dmar *dmar, const struct scope_bus_view *view)
{
    for (unsigned bus = 0; bus < 256; bus += 17) {
        for (unsigned devfn = 0; devfn < 256; devfn += 8) {
            size_t unit = 0;
            struct sbdf at = sbdf_from_rid(0, (uint16_t)(bus << 8 | devfn));
            if (scope_unit_of(dmar, view, at, &unit) == STATUS_OK) {
                bulkhead_assert(unit < dmar->unit_count && dmar->units[unit].same_as == unit);
            }
        }
    }
}

static void ask_ids(const struct dmar *dmar, const struct scope_bus_view *view)
{
    for (unsigned id = 0; id < 256; id += 3) {
        size_t unit = 0;
        struct sbdf source;
        if (scope_unit_of_id(dmar, view, DMAR_SCOPE_IOAPIC, (uint8_t)id, &unit, &source) == STATUS_OK) {
            bulkhead_assert(unit < dmar->unit_count);
        }
        (void)!scope_unit_of_id(dmar, view, DMAR_SCOPE_HPET, (uint8_t)id, &unit, &source);
    }
}

static void parse(const uint8_t *bytes, size_t length)
{
    static struct diag items[64];
    struct dmar dmar;
    size_t room = dmar_arena_bytes(length);
    void *space = malloc(room);
    uint8_t *copy = malloc(length != 0 ? length : 1);
    memcpy(copy, bytes, length);
    struct arena arena = arena_make(space, room);
    struct diag_list diags = diag_list_make(items, 64);
    enum status status = dmar_parse(&dmar, copy, length, &arena, &diags);
    free(copy); /* the facts must not point into the table */
    bulkhead_assert(status != STATUS_NO_MEMORY && (status == STATUS_OK) == (diags.errors == 0));
    struct topology topology = {bytes, length};
    struct scope_bus_view view = {secondary, &topology};
    if (dmar.order_count < 64) {
        ask_functions(&dmar, &view);
        ask_ids(&dmar, &view);
    }
    for (size_t i = 0; i < dmar.rmrr_count; i++) {
        (void)scope_names(&dmar.rmrrs[i].scopes, dmar.rmrrs[i].segment, &view, sbdf_make(0, 0, 0x1d, 0));
    }
    free(space);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t table[TABLE_MAX];
    parse(data, size);
    if (size < DMAR_HEADER_BYTES || size > TABLE_MAX) {
        return 0;
    }
    memcpy(table, data, size);
    memcpy(table, "DMAR", 4);
    for (size_t i = 0; i < 4; i++) {
        table[4 + i] = (uint8_t)(size >> (8 * i));
    }
    uint8_t sum = 0;
    table[9] = 0;
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + table[i]);
    }
    table[9] = (uint8_t)-sum;
    parse(table, size);
    return 0;
}
