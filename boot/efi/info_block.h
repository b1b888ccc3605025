/* SPDX-License-Identifier: GPL-2.0-only
 * Writer of a multiboot2 information block (Multiboot2 Specification 2.0, chapter 3.6): what boot/multiboot2.c reads.
 */
#ifndef BULKHEAD_BOOT_EFI_INFO_BLOCK_H
#define BULKHEAD_BOOT_EFI_INFO_BLOCK_H

#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct info_block {
    uint8_t *bytes; /* 8-byte aligned */
    size_t size;    /* of the buffer */
    size_t length;  /* used so far, or what would have been */
};

/* A screen of direct colours; positions and widths in bits. */
struct info_framebuffer {
    uint64_t at;
    uint32_t pitch, width, height; /* pitch in bytes */
    uint8_t bits;                  /* a pixel's */
    uint8_t red_at, red_bits, green_at, green_bits, blue_at, blue_bits;
};

struct info_block info_block_begin(void *buffer, size_t size);

void info_block_cmdline(struct info_block *block, const char *text);
void info_block_loader_name(struct info_block *block, const char *text);
/* start + size at most 4 GiB - 1. */
void info_block_module(struct info_block *block, uint32_t start, uint32_t size, const char *text);
/* Of ACPI 2.0 or later. */
void info_block_rsdp(struct info_block *block, const void *rsdp, size_t length);
void info_block_framebuffer(struct info_block *block, const struct info_framebuffer *screen);
/* The EFI system table of 64-bit firmware. */
void info_block_efi_system_table(struct info_block *block, uint64_t at);

/* Room for a tag whose payload is written in place: a pointer to what is left for firmware's memory map, NULL when
 * there is nothing; *room is its size. */
void *info_block_map_room(struct info_block *block, size_t *room);

/* The memory map of `bytes` bytes was put there; the block ends here. STATUS_NO_MEMORY: something did not fit. */
MUST_CHECK enum status info_block_finish(struct info_block *block, size_t bytes, uint32_t entry_size, uint32_t version);

#endif
