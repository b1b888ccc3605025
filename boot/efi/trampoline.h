/* SPDX-License-Identifier: GPL-2.0-only
 * The last instructions of the loader, copied below 4 GiB: out of long mode, the image to its place, and in. */
#ifndef BULKHEAD_BOOT_EFI_TRAMPOLINE_H
#define BULKHEAD_BOOT_EFI_TRAMPOLINE_H

#include "boot/efi/kernel_image.h"
#include "kernel/lib/types.h"

/* Read by trampoline.S, which knows its layout. */
struct trampoline_order {
    uint32_t entry; /* where the hypervisor is entered, in 32-bit mode without paging */
    uint32_t info;  /* the multiboot2 information block */
    uint32_t count;
    uint32_t unused;
    struct kernel_segment segments[KERNEL_IMAGE_SEGMENTS_MAX]; /* from: a physical address here */
};

/* The code, which runs wherever it lies. */
extern const uint8_t trampoline_start[], trampoline_end[];

#endif
