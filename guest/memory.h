/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's RAM: where it appears to the guest and where it is. Every address a guest gives goes through
 * guest_memory_at() once, on a private copy of the address. */
#ifndef BULKHEAD_GUEST_MEMORY_H
#define BULKHEAD_GUEST_MEMORY_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* The guest-physical map, the same for every guest:
 *   0 .. min(RAM, GUEST_HOLE_START)      RAM
 *   GUEST_HOLE_START .. 4 GiB            the hole: BARs, ECAM, I/O APIC, LAPIC; nothing of a guest's RAM
 *   4 GiB ..                             the RAM that did not fit below, then 64-bit BARs that did not fit the hole */
#define GUEST_HOLE_START UINT64_C(0xc0000000)
#define GUEST_HOLE_END (4 * GIB)
#define GUEST_BAR32_START UINT64_C(0xc0000000)
#define GUEST_BAR32_END UINT64_C(0xe0000000)
#define GUEST_ECAM_START UINT64_C(0xe0000000)
#define GUEST_ECAM_SIZE (1 * MIB) /* bus 0 alone */
#define GUEST_IOAPIC_START UINT64_C(0xfec00000)
#define GUEST_LAPIC_START UINT64_C(0xfee00000)

/* Below 1 MiB the guest sees a PC's map: the ACPI tables live where a BIOS would put them. */
#define GUEST_LOW_RAM_END UINT64_C(0x9fc00)
#define GUEST_FIRMWARE_START UINT64_C(0xe0000)
#define GUEST_MP_START UINT64_C(0xfe000)      /* a page for the MP table; ACPI tables end here */
#define GUEST_FIRMWARE_CODE UINT64_C(0xff000) /* the last page: code */
#define GUEST_FIRMWARE_END UINT64_C(0x100000)

struct guest_slot {
    struct gpa base;
    uint64_t size; /* bytes, a multiple of 2 MiB but for the last one */
    struct hpa backing;
};

#define GUEST_SLOTS_MAX 16

struct watch;

struct guest_memory {
    struct guest_slot slots[GUEST_SLOTS_MAX]; /* by base */
    size_t count;
    struct watch *watch; /* over some of it (guest/watch.h); NULL: none */
    /* Asked before something is written on the guest's order by what is emulated; NULL: it may write. */
    bool (*may_write)(struct watch *watch, uint64_t at, uint64_t bytes);
};

/* Split `bytes` of RAM into slots (base and size; backing 0). Zero, not a multiple of 4 KiB, or more
 * than physical addresses can name: STATUS_OUT_OF_RANGE. */
MUST_CHECK enum status guest_memory_layout(uint64_t bytes, struct guest_memory *out);

uint64_t guest_memory_bytes(const struct guest_memory *memory);

/* First address after the last RAM, at least 4 GiB. */
uint64_t guest_memory_top(const struct guest_memory *memory);

/* Pointer to bytes at..at+bytes of RAM, or NULL when they are not all in one slot. */
void *guest_memory_at(const struct guest_memory *memory, struct gpa at, uint64_t bytes);

/* Pointer to the byte at `at`, and in *bytes how many from there on (at most `most`, at least 1) lie behind it in one
 * piece; NULL when it is not RAM. */
void *guest_memory_piece(const struct guest_memory *memory, struct gpa at, uint64_t most, uint64_t *bytes);

/* Is all of at..at+bytes RAM, of any number of slots? An empty range is. */
bool guest_memory_has(const struct guest_memory *memory, struct gpa at, uint64_t bytes);

/* Copy in or out; STATUS_OUT_OF_RANGE (nothing copied) when the range is not RAM. */
MUST_CHECK enum status guest_memory_write(const struct guest_memory *memory, struct gpa at, const void *from,
                                          uint64_t bytes);
MUST_CHECK enum status guest_memory_read(const struct guest_memory *memory, struct gpa at, void *to, uint64_t bytes);

#endif
