/* SPDX-License-Identifier: GPL-2.0-only
 * A section of a PE image by its name, as firmware loaded it (Microsoft PE/COFF specification, 3 and 4). */
#ifndef BULKHEAD_BOOT_EFI_PE_SECTION_H
#define BULKHEAD_BOOT_EFI_PE_SECTION_H

#include "kernel/lib/types.h"

struct pe_section {
    const uint8_t *bytes; /* NULL: there is none of that name, or the image contradicts itself */
    size_t length;        /* its virtual size */
};

/* image: the loaded image's first byte; length: of the whole. name: at most 8 characters. */
struct pe_section pe_section_find(const void *image, size_t length, const char *name);

#endif
