/* SPDX-License-Identifier: GPL-2.0-only
 * Finding ACPI tables in the physical machine's memory (ACPI 6.5 5.2.5 to 5.2.8). Read only through phys_view(); a
 * table whose length or checksum is wrong is left out and reported, never trusted. */
#ifndef BULKHEAD_DRIVERS_ACPI_H
#define BULKHEAD_DRIVERS_ACPI_H

#include "kernel/lib/arena.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define ACPI_HEADER_BYTES 36      /* signature to creator revision, ACPI 6.5 5.2.6 */
#define ACPI_TABLE_MAX (16 * MIB) /* longer than any real table: such a length is a firmware bug */

/* One sound table; the bytes stay where firmware put them. */
struct acpi_view {
    struct hpa at;
    const uint8_t *bytes; /* the whole table, header included */
    size_t length;        /* in bytes, at least ACPI_HEADER_BYTES */
};

/* Every sound table that the XSDT (or, failing it, the RSDT) names, in its order. The DSDT is not among them. */
struct acpi {
    const struct acpi_view *tables;
    size_t count;
    bool dmar_damaged; /* a DMAR is named whose length or checksum is wrong: VT-d is there, its table is not */
    struct hpa root;   /* of the XSDT or RSDT used */
    uint8_t revision;  /* of the RSDP: 0 is ACPI 1.0, 2 is later */
    bool xsdt;         /* the root used is the XSDT */
};

/* Read the root table and check everything it names. rsdp: the bytes that the loader passed (rsdp_length 0: none; then
 * the EBDA and 0xE0000..0xFFFFF are searched).
 * STATUS_NOT_FOUND: no RSDP. STATUS_BAD_FORMAT: no sound root table. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status acpi_open(struct acpi *acpi, const uint8_t *rsdp, size_t rsdp_length, struct arena *arena,
                                 struct diag_list *diags);

/* The same from tables that were saved elsewhere (a dump), in the root's order: the unsound are left out and reported
 * as by acpi_open. The array belongs to acpi from here on, and is changed. */
void acpi_take(struct acpi *acpi, struct acpi_view *tables, size_t count, struct diag_list *diags);

/* How many sound tables have that signature of four characters. */
size_t acpi_count(const struct acpi *acpi, const char *signature);

/* The index-th sound table with that signature, or STATUS_NOT_FOUND. */
MUST_CHECK enum status acpi_find(const struct acpi *acpi, const char *signature, size_t index, struct acpi_view *view);

/* A table that another one names, such as FADT the DSDT: sound, and with that signature. STATUS_NOT_FOUND: at is 0;
 * STATUS_BAD_FORMAT: why is in diags. */
MUST_CHECK enum status acpi_view_at(struct hpa at, const char *signature, struct acpi_view *view,
                                    struct diag_list *diags);

/* The sum of all bytes, which is 0 for a sound table. */
uint8_t acpi_sum(const void *bytes, size_t length);

#endif
