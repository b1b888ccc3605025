/* SPDX-License-Identifier: GPL-2.0-only
 * Telling kernels apart by content. */
#include "guest/image.h"

#include "guest/image_kinds.h"
#include "kernel/lib/format.h"

enum status image_load(const struct guest_memory *memory, const struct image_request *request,
                       struct image_entry *entry, char *why, size_t why_size)
{
    enum status status = image_bzimage_load(memory, request, entry, why, why_size);
    if (status == STATUS_NOT_FOUND) {
        status = image_pvh_load(memory, request, entry, why, why_size);
    }
    if (status == STATUS_NOT_FOUND) {
        status = image_multiboot_load(memory, request, entry, why, why_size);
    }
    if (status == STATUS_NOT_FOUND) {
        format_text(why, why_size,
                    "not a kernel: neither a Linux bzImage, nor an ELF with a PVH note, nor a multiboot image");
        return STATUS_BAD_FORMAT;
    }
    return status;
}

const char *image_kind_text(enum image_kind kind)
{
    switch (kind) {
    case IMAGE_BZIMAGE:
        return "bzImage";
    case IMAGE_PVH:
        return "PVH ELF";
    case IMAGE_MULTIBOOT:
        return "multiboot";
    }
    return "unknown";
}
