/* SPDX-License-Identifier: GPL-2.0-only
 * Loading the PT_LOAD segments of an ELF32 or ELF64 x86 executable at their physical addresses
 * (System V gABI 4.1 chapters 4 and 5). */
#ifndef BULKHEAD_GUEST_IMAGE_ELF_H
#define BULKHEAD_GUEST_IMAGE_ELF_H

#include "guest/image_place.h"

struct image_elf {
    bool is64;
    uint64_t entry;
    uint64_t program_offset; /* of the program headers */
    uint16_t program_count;
};

struct image_segment {
    uint32_t type;
    uint64_t offset, physical, file_size, memory_size;
};

#define ELF_PT_LOAD 1
#define ELF_PT_NOTE 4

/* STATUS_NOT_FOUND: no ELF magic; STATUS_BAD_FORMAT: ELF, but not an x86 little-endian executable or truncated. */
MUST_CHECK enum status image_elf_parse(const struct image_blob *blob, struct image_elf *elf);

/* Program header `index` < program_count; STATUS_BAD_FORMAT when it or its bytes lie outside the file. */
MUST_CHECK enum status image_elf_segment(const struct image_blob *blob, const struct image_elf *elf, unsigned index,
                                         struct image_segment *segment);

/* Copy every PT_LOAD segment to its physical address and clear the rest of its memory. */
MUST_CHECK enum status image_elf_load(struct image_place *place, const struct image_blob *blob,
                                      const struct image_elf *elf);

#endif
