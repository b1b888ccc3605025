/* SPDX-License-Identifier: GPL-2.0-only
 * The ACPI tables of a guest: RSDP, XSDT, FADT, MADT, MCFG, FACS and the DSDT of guest/dsdt.asl, where a BIOS puts
 * them (ACPI 6.5 chapter 5). */
#ifndef BULKHEAD_GUEST_ACPI_TABLES_H
#define BULKHEAD_GUEST_ACPI_TABLES_H

#include "guest/memory.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct acpi_tables_request {
    unsigned cpu_count;    /* vCPUs, APIC ids 0.. */
    uint64_t window_start; /* for 64-bit BARs: first byte and first byte after */
    uint64_t window_end;
};

/* Write the tables into the guest's firmware area (GUEST_FIRMWARE_START..GUEST_MP_START). STATUS_NO_MEMORY: they do not
 * fit; STATUS_OUT_OF_RANGE: the guest has no RAM there; STATUS_BAD_FORMAT: the DSDT lacks the window to fill in. */
MUST_CHECK enum status acpi_tables_write(const struct guest_memory *memory, const struct acpi_tables_request *request,
                                         struct gpa *rsdp);

#endif
