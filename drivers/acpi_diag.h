/* SPDX-License-Identifier: GPL-2.0-only
 * Diagnostic codes of the ACPI tables but DMAR (see vtd/dmar_diag.h for that): BH0100 to BH0129, stable for ever. */
#ifndef BULKHEAD_DRIVERS_ACPI_DIAG_H
#define BULKHEAD_DRIVERS_ACPI_DIAG_H

enum acpi_diag {
    ACPI_DIAG_NO_RSDP = 100,           /* neither the loader nor the BIOS area has an RSDP */
    ACPI_DIAG_RSDP_BAD = 101,          /* the loader's RSDP is too short, lacks its signature or its checksum */
    ACPI_DIAG_RSDP_EXTENDED_BAD = 102, /* the ACPI 2 part of the RSDP is unsound; its ACPI 1 part is used */
    ACPI_DIAG_ROOT_BAD = 103,          /* XSDT or RSDT unreadable or corrupted */
    ACPI_DIAG_ROOT_TAIL = 104,         /* the root table's length is not a whole number of entries */
    ACPI_DIAG_TABLE_UNREADABLE = 105,  /* a table lies outside the memory that the memory map knows */
    ACPI_DIAG_TABLE_LENGTH = 106,      /* a table's length is below its header or absurdly large */
    ACPI_DIAG_TABLE_CHECKSUM = 107,    /* a table's bytes do not add up to 0 */
    ACPI_DIAG_TABLE_TWICE = 108,       /* the root table names the same address twice */
    ACPI_DIAG_MADT_SHORT = 110,        /* MADT smaller than its fixed part */
    ACPI_DIAG_MADT_ENTRY = 111,        /* a MADT entry has a bad length; the rest of the table is not read */
    ACPI_DIAG_MADT_CPU_TWICE = 112,    /* two MADT entries name one APIC id */
    ACPI_DIAG_MADT_NO_CPU = 113,       /* MADT names no enabled processor */
    ACPI_DIAG_MADT_IOAPIC = 114,       /* an I/O APIC has base 0, an unaligned base, or another's base or id */
    ACPI_DIAG_MADT_OVERRIDE = 115, /* an interrupt source override is not for ISA, repeated, or has reserved flags */
    ACPI_DIAG_MCFG_SHORT = 116,    /* MCFG smaller than its fixed part or with a partial entry at its end */
    ACPI_DIAG_MCFG_WINDOW = 117,   /* an ECAM window has base 0, is unaligned, wraps, or its buses are reversed */
    ACPI_DIAG_MCFG_OVERLAP = 118,  /* two ECAM windows hold the same buses of one segment */
    ACPI_DIAG_FADT_SHORT = 119,    /* FADT smaller than the ACPI 1.0 one */
    ACPI_DIAG_FADT_REGISTER = 120, /* a generic address in FADT contradicts itself or the legacy field */
    ACPI_DIAG_HPET_BAD = 121,      /* HPET table too short, or its base is 0 or not in memory space */
    ACPI_DIAG_MCFG_SEGMENT = 122,  /* an ECAM window on a segment from 0xff00 on, which stand for VMD domains here */
};

#endif
