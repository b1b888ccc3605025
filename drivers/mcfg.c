/* SPDX-License-Identifier: GPL-2.0-only
 * MCFG: ECAM windows (PCI Firmware 3.3 4.1.2). */
#include "drivers/mcfg.h"

#include "drivers/acpi_diag.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/cursor.h"
#include "kernel/lib/format.h"
#include "kernel/lib/sbdf.h"

#define FIX_FIRMWARE "update the firmware"
#define MCFG_FIXED_BYTES 44 /* ACPI header and 8 reserved bytes */
#define WINDOW_BYTES 16
#define ADDRESS_BITS 52
#define BUS_SHIFT 20 /* 1 MiB a bus */

static bool window_sound(const struct pci_ecam *w)
{
    uint64_t end = 0;
    return w->base.v != 0 && is_aligned(w->base.v, MIB) && w->first_bus <= w->last_bus &&
           !__builtin_add_overflow(w->base.v, ((uint64_t)w->last_bus + 1) << BUS_SHIFT, &end) &&
           end <= BIT64(ADDRESS_BITS);
}

static bool overlaps_any(const struct pci_ecam *windows, size_t count, const struct pci_ecam *w)
{
    for (size_t i = 0; i < count; i++) {
        if (windows[i].segment == w->segment && windows[i].first_bus <= w->last_bus &&
            w->first_bus <= windows[i].last_bus) {
            return true;
        }
    }
    return false;
}

/* True when the window may be used; otherwise says why not. */
static bool accept(const struct mcfg *mcfg, const struct pci_ecam *w, size_t offset, struct diag_list *diags)
{
    char where[DIAG_WHERE_SIZE];
    format_text(where, sizeof(where), "MCFG offset 0x%zx", offset);
    if (!window_sound(w)) {
        diag_add(diags, ACPI_DIAG_MCFG_WINDOW, DIAG_ERROR, where, FIX_FIRMWARE,
                 "the window at 0x%llx for buses %02x-%02x is 0, unaligned, reversed or beyond memory; left out",
                 (unsigned long long)w->base.v, w->first_bus, w->last_bus);
        return false;
    }
    if (w->segment >= SBDF_VMD_FIRST) {
        diag_add(diags, ACPI_DIAG_MCFG_SEGMENT, DIAG_ERROR, where, FIX_FIRMWARE,
                 "segment %04x is above feff: such numbers stand for the domains behind VMD endpoints; left out",
                 w->segment);
        return false;
    }
    if (overlaps_any(mcfg->windows, mcfg->count, w)) {
        diag_add(diags, ACPI_DIAG_MCFG_OVERLAP, DIAG_ERROR, where, FIX_FIRMWARE,
                 "buses %02x-%02x of segment %04x are in an earlier window already; left out", w->first_bus,
                 w->last_bus, w->segment);
        return false;
    }
    return true;
}

static struct pci_ecam read_window(struct cursor *c)
{
    struct pci_ecam w = {.base = hpa(cursor_u64(c))};
    w.segment = cursor_u16(c);
    w.first_bus = cursor_u8(c);
    w.last_bus = cursor_u8(c);
    cursor_u32(c); /* reserved */
    return w;
}

enum status mcfg_parse(struct mcfg *mcfg, const struct acpi_view *table, struct arena *arena, struct diag_list *diags)
{
    *mcfg = (struct mcfg){0};
    if (table->length < MCFG_FIXED_BYTES || (table->length - MCFG_FIXED_BYTES) % WINDOW_BYTES != 0) {
        diag_add(diags, ACPI_DIAG_MCFG_SHORT, table->length < MCFG_FIXED_BYTES ? DIAG_ERROR : DIAG_WARNING, "MCFG",
                 FIX_FIRMWARE, "%zu bytes are not the fixed part and whole windows", table->length);
    }
    if (table->length < MCFG_FIXED_BYTES) {
        return STATUS_BAD_FORMAT;
    }
    size_t count = (table->length - MCFG_FIXED_BYTES) / WINDOW_BYTES;
    struct pci_ecam *windows = arena_array(arena, count, sizeof(*windows));
    if (windows == NULL) {
        return STATUS_NO_MEMORY;
    }
    mcfg->windows = windows;
    struct cursor c = cursor_make(table->bytes, table->length);
    cursor_take(&c, MCFG_FIXED_BYTES);
    for (size_t i = 0; i < count; i++) {
        size_t offset = c.position;
        struct pci_ecam w = read_window(&c);
        if (accept(mcfg, &w, offset, diags)) {
            windows[mcfg->count++] = w;
        }
    }
    return STATUS_OK;
}
