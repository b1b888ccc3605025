/* SPDX-License-Identifier: GPL-2.0-only
 * Where a loader puts things in a guest's RAM: small structures below 640 KiB, modules from the top of low RAM down,
 * nothing over the kernel. */
#ifndef BULKHEAD_GUEST_IMAGE_PLACE_H
#define BULKHEAD_GUEST_IMAGE_PLACE_H

#include "guest/image.h"

struct image_place {
    const struct guest_memory *memory;
    uint64_t low_next;     /* next free byte of the small-structure area */
    bool low_used;         /* a small structure is placed: no part of the kernel may come below 1 MiB any more */
    uint64_t high_end;     /* modules end below this */
    uint64_t kernel_start; /* what the kernel occupies, its bss and decompression space included */
    uint64_t kernel_end;
    uint64_t kernel_bytes; /* all claims together: never more than the RAM, so that overlaps cannot cost for ever */
    char *why;
    size_t why_size;
};

/* module_limit: highest address + 1 that a module may use (protocols bound it). */
struct image_place image_place_make(const struct guest_memory *memory, uint64_t module_limit, char *why,
                                    size_t why_size);

/* Zeroed space for a small structure, aligned to align (a power of two); its address in *at, a pointer returned, or
 * NULL (and why) when the area is full. */
void *image_place_low(struct image_place *place, uint64_t bytes, uint64_t align, struct gpa *at);

/* A copy of a NUL-terminated text in the small-structure area. */
MUST_CHECK enum status image_place_text(struct image_place *place, const char *text, struct gpa *at);

/* Claim start..start+bytes for the kernel (several claims become one range) and return a pointer to it, zeroed;
 * small structures then come after what it claims below 1 MiB. NULL (and why) when it is not RAM, touches the first
 * page (a PC's vectors and BIOS data) or 636 KiB to 1 MiB (ACPI tables), lies below 1 MiB after a small structure was
 * placed there, or all claims together exceed the guest's RAM. */
void *image_place_kernel(struct image_place *place, uint64_t start, uint64_t bytes);

/* Copy a module in, page-aligned, as high as allowed. STATUS_NO_MEMORY (and why) when it does not fit. */
MUST_CHECK enum status image_place_module(struct image_place *place, const struct image_blob *blob, struct gpa *at);

/* Store the low `bytes` bytes of value at `at`, little-endian. */
void image_put(uint8_t *at, uint64_t value, size_t bytes);

/* What has to be added to these bytes for their sum to be 0, as ACPI and MP tables want it. */
uint8_t image_checksum(const uint8_t *bytes, size_t count);

#endif
