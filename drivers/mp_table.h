/* SPDX-License-Identifier: GPL-2.0-only
 * Where PCI's interrupt lines end, by the MP configuration table (Intel MultiProcessor Specification 1.4, 4): the only
 * answer that needs no AML. */
#ifndef BULKHEAD_DRIVERS_MP_TABLE_H
#define BULKHEAD_DRIVERS_MP_TABLE_H

#include "drivers/madt.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define MP_TABLE_NO_GSI UINT32_MAX

/* INTx# of a device on a PCI bus of segment 0. */
struct mp_table_line {
    uint8_t bus, device;
    uint8_t pin;           /* 1..4: INTA#..INTD# */
    uint8_t ioapic, input; /* id and pin of the I/O APIC */
};

struct mp_table {
    const struct mp_table_line *lines; /* as in the table */
    size_t count;
};

/* The table at bytes: lines of PCI buses that are no edge interrupts; everything else is passed over.
 * STATUS_BAD_FORMAT: signature, length or checksum is wrong, or an entry is of an unknown kind or does not fit;
 * STATUS_NO_MEMORY: arena full. Pure. */
MUST_CHECK enum status mp_table_parse(const uint8_t *bytes, size_t length, struct arena *arena, struct mp_table *out);

/* Memory to search: view(context, at, bytes) gives these bytes, or NULL where they cannot be read. What it gave before
 * may be gone after the next call. */
struct mp_table_memory {
    const void *(*view)(void *context, uint64_t at, size_t bytes);
    void *context;
};

/* The table's bytes, unjudged, by its floating pointer: in the first KiB of the EBDA, the last KiB of base memory, or
 * 0xF0000..0xFFFFF. STATUS_NOT_FOUND: there is none, or one of the default configurations, which know no PCI.
 * STATUS_BAD_FORMAT: where it should be, there is nothing to read. Pure but for view(). */
MUST_CHECK enum status mp_table_locate(const struct mp_table_memory *memory, const uint8_t **bytes, size_t *length);

/* The table of this machine. As mp_table_locate() and mp_table_parse(). */
MUST_CHECK enum status mp_table_find(struct arena *arena, struct mp_table *out);

/* The global system interrupt of that line, or MP_TABLE_NO_GSI. Where the table names it twice, the first counts. */
uint32_t mp_table_gsi(const struct mp_table *table, const struct madt *madt, uint8_t bus, uint8_t device, uint8_t pin);

#endif
