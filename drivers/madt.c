/* SPDX-License-Identifier: GPL-2.0-only
 * MADT: interrupt controllers (ACPI 6.5 5.2.12). */
#include "drivers/madt.h"

#include "drivers/acpi_diag.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/cursor.h"
#include "kernel/lib/format.h"

#define FIX_FIRMWARE "update the firmware"
#define MADT_FIXED_BYTES 44
#define FLAG_ENABLED 1
#define FLAG_ONLINE_CAPABLE 2
#define XAPIC_PLACEHOLDER 0xff        /* APIC id of an entry for a processor that is not there */
#define X2APIC_PLACEHOLDER UINT32_MAX /* the same in an x2APIC entry */
#define ISA_IRQS 16

enum entry_type {
    ENTRY_LAPIC = 0,         /* 8 bytes */
    ENTRY_IOAPIC = 1,        /* 12 bytes */
    ENTRY_OVERRIDE = 2,      /* 10 bytes */
    ENTRY_LAPIC_ADDRESS = 5, /* 12 bytes */
    ENTRY_X2APIC = 9,        /* 16 bytes */
};

struct entry {
    uint8_t type;
    size_t offset; /* in the table */
    struct cursor body;
};

/* Where parsing writes; the arrays are as long as the counted entries. */
struct builder {
    struct madt *madt;
    struct madt_cpu *cpus;
    struct madt_ioapic *ioapics;
    struct madt_override *overrides;
    struct diag_list *diags;
};

static void report(struct diag_list *diags, enum acpi_diag code, enum diag_severity severity, size_t offset,
                   const char *fix, const char *what)
{
    char where[DIAG_WHERE_SIZE];
    format_text(where, sizeof(where), "MADT offset 0x%zx", offset);
    diag_add(diags, code, severity, where, fix, "%s", what);
}

static size_t smallest(uint8_t type)
{
    switch (type) {
    case ENTRY_LAPIC:
        return 8;
    case ENTRY_IOAPIC:
    case ENTRY_LAPIC_ADDRESS:
        return 12;
    case ENTRY_OVERRIDE:
        return 10;
    case ENTRY_X2APIC:
        return 16;
    default:
        return 2;
    }
}

/* The next entry: STATUS_NOT_FOUND at the end, STATUS_BAD_FORMAT when its length cannot be. */
static enum status next_entry(struct cursor *table, struct entry *entry)
{
    if (cursor_left(table) == 0) {
        return STATUS_NOT_FOUND;
    }
    entry->offset = table->position;
    entry->type = cursor_u8(table);
    uint8_t length = cursor_u8(table);
    if (table->failed || length < smallest(entry->type)) {
        return STATUS_BAD_FORMAT;
    }
    entry->body = cursor_slice(table, length - 2U);
    return entry->body.failed ? STATUS_BAD_FORMAT : STATUS_OK;
}

static struct cursor entries_of(const struct acpi_view *table)
{
    struct cursor c = cursor_make(table->bytes, table->length);
    cursor_take(&c, MADT_FIXED_BYTES);
    return c;
}

static size_t count_entries(const struct acpi_view *table, enum entry_type type)
{
    struct cursor c = entries_of(table);
    struct entry entry;
    size_t count = 0;
    while (next_entry(&c, &entry) == STATUS_OK) {
        count += entry.type == type;
    }
    return count;
}

static enum status allocate(struct builder *b, const struct acpi_view *table, struct arena *arena)
{
    size_t cpus = count_entries(table, ENTRY_LAPIC) + count_entries(table, ENTRY_X2APIC);
    b->cpus = arena_array(arena, cpus, sizeof(*b->cpus));
    b->ioapics = arena_array(arena, count_entries(table, ENTRY_IOAPIC), sizeof(*b->ioapics));
    b->overrides = arena_array(arena, count_entries(table, ENTRY_OVERRIDE), sizeof(*b->overrides));
    bool all = b->cpus != NULL && b->ioapics != NULL && b->overrides != NULL;
    return all ? STATUS_OK : STATUS_NO_MEMORY;
}

/* Firmware fills entries of absent processors with repeated ids; only two enabled ones with one id contradict. */
static void add_cpu(struct builder *b, struct madt_cpu cpu, size_t offset)
{
    for (size_t i = 0; i < b->madt->cpu_count; i++) {
        struct madt_cpu *other = &b->cpus[i];
        if (other->apic_id != cpu.apic_id) {
            continue;
        }
        if (other->enabled && cpu.enabled) {
            report(b->diags, ACPI_DIAG_MADT_CPU_TWICE, DIAG_WARNING, offset, FIX_FIRMWARE,
                   "a second enabled processor with the same APIC id; it counts once");
        }
        if (!other->enabled) {
            *other = cpu;
        }
        return;
    }
    b->cpus[b->madt->cpu_count++] = cpu;
}

static void read_lapic(struct builder *b, struct entry *e)
{
    uint8_t uid = cursor_u8(&e->body);
    uint8_t id = cursor_u8(&e->body);
    uint32_t flags = cursor_u32(&e->body);
    if (id != XAPIC_PLACEHOLDER) {
        add_cpu(b,
                (struct madt_cpu){.apic_id = id,
                                  .acpi_uid = uid,
                                  .enabled = (flags & FLAG_ENABLED) != 0,
                                  .online_capable = (flags & FLAG_ONLINE_CAPABLE) != 0},
                e->offset);
    }
}

static void read_x2apic(struct builder *b, struct entry *e)
{
    cursor_u16(&e->body); /* reserved */
    uint32_t id = cursor_u32(&e->body);
    uint32_t flags = cursor_u32(&e->body);
    uint32_t uid = cursor_u32(&e->body);
    if (id != X2APIC_PLACEHOLDER) {
        add_cpu(b,
                (struct madt_cpu){.apic_id = id,
                                  .acpi_uid = uid,
                                  .enabled = (flags & FLAG_ENABLED) != 0,
                                  .online_capable = (flags & FLAG_ONLINE_CAPABLE) != 0,
                                  .x2apic = true},
                e->offset);
    }
}

static void read_ioapic(struct builder *b, struct entry *e)
{
    struct madt_ioapic io = {.id = cursor_u8(&e->body)};
    cursor_u8(&e->body); /* reserved */
    io.base = hpa(cursor_u32(&e->body));
    io.gsi_base = cursor_u32(&e->body);
    bool clash = false;
    for (size_t i = 0; i < b->madt->ioapic_count; i++) {
        clash |= b->ioapics[i].id == io.id || b->ioapics[i].base.v == io.base.v;
    }
    /* The registers are 4-byte wide at base + 0 and base + 0x10; chipsets place them on 256-byte boundaries. */
    if (clash || io.base.v == 0 || !is_aligned(io.base.v, 256)) {
        report(b->diags, ACPI_DIAG_MADT_IOAPIC, DIAG_ERROR, e->offset, FIX_FIRMWARE,
               "an I/O APIC with base 0, an unaligned base, or the id or base of another; it is left out");
        return;
    }
    b->ioapics[b->madt->ioapic_count++] = io;
}

static void read_override(struct builder *b, struct entry *e)
{
    uint8_t bus = cursor_u8(&e->body);
    struct madt_override o = {.irq = cursor_u8(&e->body)};
    o.gsi = cursor_u32(&e->body);
    uint16_t flags = cursor_u16(&e->body);
    o.polarity = (enum madt_polarity)bits_get(flags, 1, 0);
    o.trigger = (enum madt_trigger)bits_get(flags, 3, 2);
    bool bad = bus != 0 || o.irq >= ISA_IRQS || (unsigned)o.polarity == 2 || (unsigned)o.trigger == 2;
    for (size_t i = 0; i < b->madt->override_count; i++) {
        bad |= b->overrides[i].irq == o.irq;
    }
    if (bad) {
        report(b->diags, ACPI_DIAG_MADT_OVERRIDE, DIAG_WARNING, e->offset, FIX_FIRMWARE,
               "an interrupt override that is not of ISA, is repeated, or has reserved flags; it is left out");
        return;
    }
    b->overrides[b->madt->override_count++] = o;
}

static void read_entry(struct builder *b, struct entry *e)
{
    switch (e->type) {
    case ENTRY_LAPIC:
        read_lapic(b, e);
        break;
    case ENTRY_X2APIC:
        read_x2apic(b, e);
        break;
    case ENTRY_IOAPIC:
        read_ioapic(b, e);
        break;
    case ENTRY_OVERRIDE:
        read_override(b, e);
        break;
    case ENTRY_LAPIC_ADDRESS:
        cursor_u16(&e->body); /* reserved */
        b->madt->lapic_base = hpa(cursor_u64(&e->body));
        break;
    default: /* NMI sources, SAPIC, wakeup mailbox and others: not used */
        break;
    }
}

static enum status check_cpus(const struct madt *madt, struct diag_list *diags)
{
    for (size_t i = 0; i < madt->cpu_count; i++) {
        if (madt->cpus[i].enabled) {
            return STATUS_OK;
        }
    }
    diag_add(diags, ACPI_DIAG_MADT_NO_CPU, DIAG_ERROR, "MADT", FIX_FIRMWARE, "no processor is enabled");
    return STATUS_BAD_FORMAT;
}

enum status madt_parse(struct madt *madt, const struct acpi_view *table, struct arena *arena, struct diag_list *diags)
{
    *madt = (struct madt){0};
    struct cursor c = cursor_make(table->bytes, table->length);
    cursor_take(&c, ACPI_HEADER_BYTES);
    madt->lapic_base = hpa(cursor_u32(&c));
    cursor_take(&c, 4); /* flags: the 8259s are masked whether or not it names them */
    if (c.failed) {
        diag_add(diags, ACPI_DIAG_MADT_SHORT, DIAG_ERROR, "MADT", FIX_FIRMWARE, "%zu bytes are too few", table->length);
        return STATUS_BAD_FORMAT;
    }
    struct builder b = {.madt = madt, .diags = diags};
    enum status status = allocate(&b, table, arena);
    if (status != STATUS_OK) {
        return status;
    }
    madt->cpus = b.cpus;
    madt->ioapics = b.ioapics;
    madt->overrides = b.overrides;
    struct entry entry = {0};
    while ((status = next_entry(&c, &entry)) == STATUS_OK) {
        read_entry(&b, &entry);
    }
    if (status == STATUS_BAD_FORMAT) {
        report(diags, ACPI_DIAG_MADT_ENTRY, DIAG_ERROR, entry.offset, FIX_FIRMWARE,
               "an entry's length is too small for its type or runs past the table; the rest is not read");
    }
    return check_cpus(madt, diags);
}
