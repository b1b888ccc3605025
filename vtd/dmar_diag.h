/* SPDX-License-Identifier: GPL-2.0-only
 * Diagnostic codes of the DMAR table: BH0130 to BH0199, stable for ever. How severe each is, and why, is decided in
 * vtd/dmar_decode.c (one structure by itself) and vtd/dmar_check.c (structures compared). */
#ifndef BULKHEAD_VTD_DMAR_DIAG_H
#define BULKHEAD_VTD_DMAR_DIAG_H

enum dmar_diag {
    /* the bytes as a whole */
    DMAR_DIAG_SHORT = 130,      /* error: fewer bytes than the fixed part */
    DMAR_DIAG_SIGNATURE = 131,  /* error: not "DMAR" */
    DMAR_DIAG_LENGTH = 132,     /* error: the header's length is below the fixed part or above the bytes given */
    DMAR_DIAG_EXTRA = 133,      /* note: bytes given beyond the header's length */
    DMAR_DIAG_CHECKSUM = 134,   /* error: the bytes do not add up to 0 */
    DMAR_DIAG_ODD_LENGTH = 135, /* note: table length not a multiple of 4 */
    DMAR_DIAG_WIDTH = 136,      /* warning: host address width below 32 or above 52 bits */
    DMAR_DIAG_NO_UNIT = 137,    /* error: no DRHD at all */
    DMAR_DIAG_TRAILING = 138,   /* note: 1 to 3 bytes after the last structure; warning when they are not 0 */
    DMAR_DIAG_RESERVED = 139,   /* note: a reserved bit or byte is not 0 */
    DMAR_DIAG_REVISION = 140,   /* note: a table revision other than 1 and 2 */

    /* structures */
    DMAR_DIAG_STRUCTURE_LENGTH = 141,  /* error: zero, below the type's fixed part, or past the table's end */
    DMAR_DIAG_STRUCTURE_UNKNOWN = 142, /* note: a type that VT-d 4.1 does not have */
    DMAR_DIAG_STRUCTURE_ODD = 143,     /* note: a structure with spare bytes after its last field */

    /* device scopes */
    DMAR_DIAG_SCOPE_LENGTH = 144,    /* error: below 8, odd, or past its structure's end */
    DMAR_DIAG_SCOPE_TYPE = 145,      /* warning: a scope type that VT-d 4.1 does not have */
    DMAR_DIAG_SCOPE_PATH = 146,      /* error: a device above 31 or a function above 7 */
    DMAR_DIAG_SCOPE_MISPLACED = 147, /* note: a scope type that its structure may not have */
    DMAR_DIAG_SCOPE_SHARED = 148,    /* one scope in two units; a note when both are one unit, else an error */
    DMAR_DIAG_SCOPE_ID_SHARED = 149, /* one I/O APIC or HPET id at two source ids; a note for timers of one HPET */
    DMAR_DIAG_SCOPE_NO_ANDD = 150,   /* note: a namespace scope that no ANDD declares */

    /* DRHD */
    DMAR_DIAG_UNIT_BASE_ZERO = 151,      /* error: the unit's registers are nowhere */
    DMAR_DIAG_UNIT_BASE_UNALIGNED = 152, /* error: registers not on a page boundary */
    DMAR_DIAG_UNIT_BASE_RANGE = 153,     /* error: registers beyond 52 bits; warning: beyond the host address width */
    DMAR_DIAG_UNIT_TWICE = 154,          /* warning: the same unit declared again; error: on another segment */
    DMAR_DIAG_UNIT_OVERLAP = 155,        /* error: windows of two units overlap */
    DMAR_DIAG_UNIT_WINDOW = 156,         /* note: a register window above 4 KiB */
    DMAR_DIAG_INCLUDE_ALL_TWICE = 157,   /* two INCLUDE_ALL on a segment; a note when one unit, else an error */
    DMAR_DIAG_INCLUDE_ALL_NONE = 158,    /* warning: a segment without INCLUDE_ALL */
    DMAR_DIAG_UNIT_COVERS_NOTHING = 159, /* note: neither scopes nor INCLUDE_ALL */

    /* RMRR */
    DMAR_DIAG_RMRR_RANGE = 160,      /* error: end not above base, or the end of the address space */
    DMAR_DIAG_RMRR_UNALIGNED = 161,  /* warning: not whole pages; used as the pages that hold it */
    DMAR_DIAG_RMRR_LOW = 162,        /* warning: below 1 MiB, where a guest has its own low memory */
    DMAR_DIAG_RMRR_NO_DEVICE = 163,  /* warning: names no device */
    DMAR_DIAG_RMRR_NO_SEGMENT = 164, /* warning: on a segment that no unit serves */

    /* the others */
    DMAR_DIAG_RHSA_NO_UNIT = 165, /* note: names a base that no DRHD has */
    DMAR_DIAG_ANDD_NAME = 166,    /* warning: the name does not end in a NUL */
    DMAR_DIAG_ANDD_TWICE = 167,   /* warning: one ACPI device number declared twice */
    DMAR_DIAG_ATSR_NO_PORT = 168, /* note: neither ALL_PORTS nor a port */
    DMAR_DIAG_NO_MEMORY = 169,    /* error: the arena cannot hold the table's facts */
    DMAR_DIAG_SEGMENT = 170,      /* error: a segment from 0xff00 on, which stand for VMD domains here */
};

#endif
