/* SPDX-License-Identifier: GPL-2.0-only
 * The hypervisor's own ELF file: where its parts go, and where it is entered (System V ABI, ELF-64; Multiboot2 3.1). */
#ifndef BULKHEAD_BOOT_EFI_KERNEL_IMAGE_H
#define BULKHEAD_BOOT_EFI_KERNEL_IMAGE_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

#define KERNEL_IMAGE_SEGMENTS_MAX 8

struct kernel_segment {
    uint32_t to;    /* physical address */
    uint32_t from;  /* offset in the file, bytes */
    uint32_t bytes; /* from the file */
    uint32_t zeros; /* behind them */
};

struct kernel_image {
    struct kernel_segment segments[KERNEL_IMAGE_SEGMENTS_MAX];
    size_t segment_count;
    uint32_t start, end; /* all segments lie in it; whole pages, end exclusive, below 4 GiB */
    uint32_t entry;      /* 32-bit multiboot2 entry */
};

/* STATUS_BAD_FORMAT: no 64-bit x86 ELF program, or it contradicts itself; STATUS_UNSUPPORTED: one without a multiboot2
 * header (not Bulkhead), or with too many segments; STATUS_OUT_OF_RANGE: it does not go to 1 MiB..4 GiB. */
MUST_CHECK enum status kernel_image_parse(const void *file, size_t length, struct kernel_image *out);

#endif
