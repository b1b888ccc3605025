/* SPDX-License-Identifier: GPL-2.0-only
 * The MP configuration table. */
#include "drivers/mp_table.h"

#include "drivers/acpi.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/cursor.h"
#include "kernel/lib/string.h"

#define POINTER_BYTES 16
#define HEADER_BYTES 44
#define LENGTH_OFFSET 4
#define COUNT_OFFSET 34
#define PROCESSOR_BYTES 20 /* all other entries have 8 */
#define ENTRY_BYTES 8
#define EBDA_POINTER 0x40e /* BIOS data area: real-mode segment of the EBDA */
#define BASE_MEMORY 0x413  /* BIOS data area: KiB of base memory */
#define BIOS_START 0xf0000
#define BIOS_END 0x100000
#define BUSES 256

enum entry_type {
    ENTRY_PROCESSOR = 0,
    ENTRY_BUS = 1,
    ENTRY_INTERRUPT = 3,
    ENTRY_LAST = 4,
};

#define KIND_INT 0
#define TRIGGER_EDGE 1
#define EVERY_IOAPIC 0xff

/* What the entries say, read twice: buses and the number of lines first, then the lines. */
struct reading {
    bool is_pci[BUSES];
    struct mp_table_line *lines;
    size_t count;
};

static void read_bus(struct reading *r, struct cursor *entry)
{
    uint8_t id = cursor_u8(entry);
    r->is_pci[id] = memcmp(cursor_take(entry, 6), "PCI   ", 6) == 0;
}

static void read_interrupt(struct reading *r, struct cursor *entry)
{
    uint8_t kind = cursor_u8(entry);
    unsigned trigger = (unsigned)bits_get(cursor_u16(entry), 3, 2);
    uint8_t bus = cursor_u8(entry);
    uint8_t source = cursor_u8(entry);
    uint8_t ioapic = cursor_u8(entry);
    uint8_t input = cursor_u8(entry);
    if (kind != KIND_INT || trigger == TRIGGER_EDGE || !r->is_pci[bus] || ioapic == EVERY_IOAPIC) {
        return;
    }
    if (r->lines != NULL) {
        r->lines[r->count] =
            (struct mp_table_line){bus, (uint8_t)bits_get(source, 6, 2), (source & 3) + 1, ioapic, input};
    }
    r->count++;
}

/* A bus is named before its lines are (MP 1.4, 4.3: entries are sorted by type). */
static enum status read_entries(struct reading *r, struct cursor c, unsigned entries)
{
    r->count = 0;
    for (unsigned i = 0; i < entries; i++) {
        uint8_t type = cursor_u8(&c);
        struct cursor entry = cursor_slice(&c, (type == ENTRY_PROCESSOR ? PROCESSOR_BYTES : ENTRY_BYTES) - 1);
        if (type > ENTRY_LAST || c.failed) {
            return STATUS_BAD_FORMAT;
        }
        if (type == ENTRY_BUS) {
            read_bus(r, &entry);
        } else if (type == ENTRY_INTERRUPT) {
            read_interrupt(r, &entry);
        }
    }
    return STATUS_OK;
}

enum status mp_table_parse(const uint8_t *bytes, size_t length, struct arena *arena, struct mp_table *out)
{
    struct reading r = {.lines = NULL};
    *out = (struct mp_table){0};
    if (length < HEADER_BYTES || memcmp(bytes, "PCMP", 4) != 0) {
        return STATUS_BAD_FORMAT;
    }
    struct cursor size = cursor_make(bytes + LENGTH_OFFSET, sizeof(uint16_t));
    struct cursor number = cursor_make(bytes + COUNT_OFFSET, sizeof(uint16_t));
    uint16_t stated = cursor_u16(&size);
    uint16_t entries = cursor_u16(&number);
    if (stated < HEADER_BYTES || stated > length || acpi_sum(bytes, stated) != 0) {
        return STATUS_BAD_FORMAT;
    }
    struct cursor c = cursor_make(bytes + HEADER_BYTES, stated - HEADER_BYTES);
    enum status status = read_entries(&r, c, entries);
    if (status != STATUS_OK) {
        return status;
    }
    r.lines = arena_array(arena, r.count, sizeof(*r.lines));
    if (r.lines == NULL) {
        return STATUS_NO_MEMORY;
    }
    memset(r.is_pci, 0, sizeof(r.is_pci)); /* as the first time, so that no line appears that was not counted */
    status = read_entries(&r, c, entries);
    *out = (struct mp_table){.lines = r.lines, .count = r.count};
    return status;
}

static const uint8_t *view(const struct mp_table_memory *memory, uint64_t at, size_t bytes)
{
    return memory->view(memory->context, at, bytes);
}

/* The table that a floating pointer at `at` names; 0: none such there. */
static uint64_t pointed_at(const struct mp_table_memory *memory, uint64_t at)
{
    const uint8_t *bytes = view(memory, at, POINTER_BYTES);
    if (bytes == NULL || memcmp(bytes, "_MP_", 4) != 0 || acpi_sum(bytes, POINTER_BYTES) != 0) {
        return 0;
    }
    struct cursor c = cursor_make(bytes + 4, POINTER_BYTES - 4);
    uint32_t table = cursor_u32(&c);
    uint8_t units = cursor_u8(&c);
    cursor_take(&c, 2); /* revision, checksum */
    return units == 1 && cursor_u8(&c) == 0 ? table : 0;
}

static uint64_t search(const struct mp_table_memory *memory, uint64_t start, uint64_t end)
{
    for (uint64_t at = align_up(start, POINTER_BYTES); at < end; at += POINTER_BYTES) {
        uint64_t table = pointed_at(memory, at);
        if (table != 0) {
            return table;
        }
    }
    return 0;
}

static uint64_t bios_word(const struct mp_table_memory *memory, uint64_t at)
{
    const uint8_t *bytes = view(memory, at, sizeof(uint16_t));
    struct cursor c = cursor_make(bytes, bytes == NULL ? 0 : sizeof(uint16_t));
    return cursor_u16(&c);
}

enum status mp_table_locate(const struct mp_table_memory *memory, const uint8_t **bytes, size_t *length)
{
    uint64_t ebda = bios_word(memory, EBDA_POINTER) << 4;
    uint64_t base_end = bios_word(memory, BASE_MEMORY) * KIB;
    uint64_t at = ebda != 0 ? search(memory, ebda, ebda + KIB) : 0;
    at = at == 0 && base_end >= KIB ? search(memory, base_end - KIB, base_end) : at;
    at = at == 0 ? search(memory, BIOS_START, BIOS_END) : at;
    if (at == 0) {
        return STATUS_NOT_FOUND;
    }
    const uint8_t *header = view(memory, at, HEADER_BYTES);
    struct cursor size = cursor_make(header, header == NULL ? 0 : HEADER_BYTES);
    cursor_take(&size, LENGTH_OFFSET);
    *length = cursor_u16(&size);
    *bytes = *length < HEADER_BYTES ? NULL : view(memory, at, *length);
    return *bytes == NULL ? STATUS_BAD_FORMAT : STATUS_OK;
}

static const void *view_machine(void *context, uint64_t at, size_t bytes)
{
    (void)context;
    return phys_view(hpa(at), bytes);
}

enum status mp_table_find(struct arena *arena, struct mp_table *out)
{
    const struct mp_table_memory memory = {.view = view_machine};
    const uint8_t *bytes = NULL;
    size_t length = 0;
    *out = (struct mp_table){0};
    enum status status = mp_table_locate(&memory, &bytes, &length);
    return status == STATUS_OK ? mp_table_parse(bytes, length, arena, out) : status;
}

static uint32_t gsi_at(const struct madt *madt, uint8_t ioapic, uint8_t input)
{
    for (size_t i = 0; i < madt->ioapic_count; i++) {
        if (madt->ioapics[i].id == ioapic) {
            return madt->ioapics[i].gsi_base + input;
        }
    }
    return MP_TABLE_NO_GSI;
}

uint32_t mp_table_gsi(const struct mp_table *table, const struct madt *madt, uint8_t bus, uint8_t device, uint8_t pin)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct mp_table_line *l = &table->lines[i];
        if (l->bus == bus && l->device == device && l->pin == pin) {
            return gsi_at(madt, l->ioapic, l->input);
        }
    }
    return MP_TABLE_NO_GSI;
}
