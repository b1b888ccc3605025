/* SPDX-License-Identifier: GPL-2.0-only
 * The DMAR table as plain facts: remapping units, reserved regions and the rest (VT-d 4.1 chapter 8).
 * A pure function over bytes that firmware wrote; arrays are sized from the table, nothing has a fixed maximum. */
#ifndef BULKHEAD_VTD_DMAR_H
#define BULKHEAD_VTD_DMAR_H

#include "kernel/lib/arena.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define DMAR_HEADER_BYTES 48 /* ACPI header, host address width, flags, 10 reserved bytes */

/* VT-d 4.1 8.2: remapping structure types. */
enum dmar_type {
    DMAR_DRHD = 0, /* a remapping unit */
    DMAR_RMRR = 1, /* memory that devices go on using */
    DMAR_ATSR = 2, /* root ports with ATS */
    DMAR_RHSA = 3, /* proximity domain of a unit */
    DMAR_ANDD = 4, /* a device that only ACPI's namespace has */
    DMAR_SATC = 5, /* SoC devices with address translation caches */
    DMAR_SIDP = 6, /* properties of SoC devices */
    DMAR_TYPES = 7,
};

/* VT-d 4.1 8.3.1: device scope types. */
enum dmar_scope_type {
    DMAR_SCOPE_ENDPOINT = 1,
    DMAR_SCOPE_BRIDGE = 2, /* the bridge and all that is behind it */
    DMAR_SCOPE_IOAPIC = 3, /* enumeration_id is the MADT's I/O APIC id */
    DMAR_SCOPE_HPET = 4,   /* enumeration_id is the HPET table's number */
    DMAR_SCOPE_ACPI = 5,   /* enumeration_id is an ANDD's device number */
};

/* Flags as the bytes hold them; other bits are reserved. */
enum dmar_flag {
    DMAR_FLAG_INTERRUPT_REMAP = 1, /* header: interrupt remapping is supported */
    DMAR_FLAG_X2APIC_OPT_OUT = 2,  /* header: firmware asks to stay out of x2APIC mode */
    DMAR_FLAG_DMA_OPT_IN = 4,      /* header: firmware asks for DMA protection */
    DMAR_DRHD_INCLUDE_ALL = 1,     /* DRHD: every function of the segment that no other unit names */
    DMAR_ATSR_ALL_PORTS = 1,       /* ATSR: every root port of the segment */
    DMAR_SATC_ATC_REQUIRED = 1,    /* SATC: the devices do not work without ATS */
};

/* One step of a path; device is 0 to 31, function 0 to 7 (anything else was an error). */
struct dmar_hop {
    uint8_t device;
    uint8_t function;
};

struct dmar_scope {
    uint32_t offset; /* in the table, in bytes */
    uint8_t type;    /* enum dmar_scope_type, or a value that is none of them */
    uint8_t length;  /* in bytes */
    uint8_t flags;   /* SIDP only; reserved elsewhere */
    uint8_t reserved;
    uint8_t enumeration_id;
    uint8_t bus;                 /* where the path starts */
    const struct dmar_hop *hops; /* bridges on the way, then the device itself */
    size_t hop_count;            /* at least 1 */
};

struct dmar_scopes {
    const struct dmar_scope *items;
    size_t count;
};

/* Where a structure lies in the table; the first member of every one below. */
struct dmar_place {
    uint32_t offset; /* in the table, in bytes */
    uint16_t type;
    uint16_t length; /* in bytes */
};

/* DRHD, VT-d 4.1 8.3. */
struct dmar_unit {
    struct dmar_place place;
    uint8_t flags;
    uint8_t size_field; /* as in the table */
    uint16_t segment;
    struct hpa base;  /* of the registers */
    uint64_t window;  /* bytes of registers, at least 4 KiB */
    bool include_all; /* of the segment's functions, those that no scope names */
    size_t same_as;   /* index of the first unit with this base; its own index for nearly every unit */
    struct dmar_scopes scopes;
};

/* RMRR, VT-d 4.1 8.4. */
struct dmar_rmrr {
    struct dmar_place place;
    uint16_t reserved;
    uint16_t segment;
    uint64_t base;  /* as in the table */
    uint64_t limit; /* as in the table: the last byte */
    uint64_t start; /* the whole pages that hold it: first byte */
    uint64_t size;  /* the whole pages that hold it, in bytes; 0 when the range contradicts itself */
    struct dmar_scopes scopes;
};

/* ATSR, VT-d 4.1 8.5. */
struct dmar_atsr {
    struct dmar_place place;
    uint8_t flags;
    uint8_t reserved;
    uint16_t segment;
    struct dmar_scopes scopes;
};

/* RHSA, VT-d 4.1 8.6. */
struct dmar_rhsa {
    struct dmar_place place;
    uint32_t reserved;
    struct hpa base;
    uint32_t proximity;
};

/* ANDD, VT-d 4.1 8.7. */
struct dmar_andd {
    struct dmar_place place;
    uint32_t reserved; /* 24 bits */
    uint8_t device_number;
    const char *name; /* NUL-terminated copy; bytes that are not printable ASCII are spaces */
};

/* SATC, VT-d 4.1 8.8. */
struct dmar_satc {
    struct dmar_place place;
    uint8_t flags;
    uint8_t reserved;
    uint16_t segment;
    struct dmar_scopes scopes;
};

/* SIDP, VT-d 4.1 8.9: the properties are the scopes' flags. */
struct dmar_sidp {
    struct dmar_place place;
    uint16_t reserved;
    uint16_t segment;
    struct dmar_scopes scopes;
};

/* Which array, and where in it, holds the n-th structure of the table. */
struct dmar_ref {
    uint16_t type; /* enum dmar_type; any other: others[index] */
    size_t index;
};

struct dmar_header {
    char signature[5];
    uint32_t length;
    uint8_t revision;
    uint8_t checksum;
    char oem_id[7]; /* text fields: up to the first NUL; bytes that are not printable ASCII are spaces */
    char oem_table_id[9];
    uint32_t oem_revision;
    char creator_id[5];
    uint32_t creator_revision;
    uint8_t width_field; /* as in the table: address bits - 1 */
    uint8_t flags;
    uint8_t reserved[10];
};

struct dmar {
    struct dmar_header header;
    bool checksum_ok;
    unsigned address_bits; /* host address width; 52 when the table's value is nonsense */
    bool interrupt_remapping;

    struct dmar_unit *units;
    size_t unit_count;
    struct dmar_rmrr *rmrrs;
    size_t rmrr_count;
    struct dmar_atsr *atsrs;
    size_t atsr_count;
    struct dmar_rhsa *rhsas;
    size_t rhsa_count;
    struct dmar_andd *andds;
    size_t andd_count;
    struct dmar_satc *satcs;
    size_t satc_count;
    struct dmar_sidp *sidps;
    size_t sidp_count;
    struct dmar_place *others; /* unknown types */
    size_t other_count;

    struct dmar_ref *order; /* every structure, in the table's order */
    size_t order_count;
};

/* Arena bytes that are always enough for a table of that length. */
size_t dmar_arena_bytes(size_t table_bytes);

/* Read the table in bytes; `length` may exceed what its header says. dmar is filled with what could be read even on
 * failure, and points into the arena, not into bytes.
 * STATUS_BAD_FORMAT: at least one DIAG_ERROR was added to diags; do not use the machine's units then.
 * STATUS_NO_MEMORY: the arena is too small. */
MUST_CHECK enum status dmar_parse(struct dmar *dmar, const void *bytes, size_t length, struct arena *arena,
                                  struct diag_list *diags);

/* "DRHD" and so on; "UNKNOWN" for other types. */
const char *dmar_type_text(uint16_t type);

/* The place of the n-th structure; n below order_count. */
const struct dmar_place *dmar_place_of(const struct dmar *dmar, size_t n);

/* The scopes of the n-th structure; none for RHSA, ANDD and unknown types. */
struct dmar_scopes dmar_scopes_of(const struct dmar *dmar, size_t n);

#endif
