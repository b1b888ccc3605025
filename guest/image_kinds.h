/* SPDX-License-Identifier: GPL-2.0-only
 * The three kinds of kernels; image_load() tries them in this order. Each returns STATUS_NOT_FOUND when the bytes are
 * of another kind, and otherwise what image_load() promises. */
#ifndef BULKHEAD_GUEST_IMAGE_KINDS_H
#define BULKHEAD_GUEST_IMAGE_KINDS_H

#include "guest/image_place.h"

/* Linux's boot protocol 2.12 or later with a 64-bit entry (Documentation/arch/x86/boot). */
MUST_CHECK enum status image_bzimage_load(const struct guest_memory *memory, const struct image_request *request,
                                          struct image_entry *entry, char *why, size_t why_size);
/* An ELF file with Xen's PHYS32_ENTRY note (xen/include/public/arch-x86/hvm/start_info.h, version 1). */
MUST_CHECK enum status image_pvh_load(const struct guest_memory *memory, const struct image_request *request,
                                      struct image_entry *entry, char *why, size_t why_size);
/* Multiboot 0.6.96: ELF, or the header's own addresses. */
MUST_CHECK enum status image_multiboot_load(const struct guest_memory *memory, const struct image_request *request,
                                            struct image_entry *entry, char *why, size_t why_size);

#endif
