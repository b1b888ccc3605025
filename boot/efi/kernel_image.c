/* SPDX-License-Identifier: GPL-2.0-only
 * Reader of the hypervisor's ELF file. */
#include "boot/efi/kernel_image.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/cursor.h"
#include "kernel/lib/string.h"

enum {
    ELF_HEADER_SIZE = 64,
    PROGRAM_HEADER_SIZE = 56,
    TYPE_EXECUTABLE = 2,
    MACHINE_X86_64 = 62,
    SEGMENT_LOAD = 1,
    MULTIBOOT_SEARCH = 32768, /* the header lies in the first 32 KiB ... */
    MULTIBOOT_ALIGN = 8,      /* ... at a multiple of 8 (3.1.1) */
};

#define ELF_MAGIC UINT32_C(0x464c457f)
#define MULTIBOOT2_HEADER_MAGIC UINT32_C(0xe85250d6)

static uint32_t u32_at(const uint8_t *bytes)
{
    struct cursor c = cursor_make(bytes, 4);
    return cursor_u32(&c);
}

static bool has_multiboot2_header(const uint8_t *file, size_t length)
{
    size_t search = length < MULTIBOOT_SEARCH ? length : MULTIBOOT_SEARCH;
    for (size_t at = 0; at + 16 <= search; at += MULTIBOOT_ALIGN) {
        uint32_t sum = u32_at(file + at) + u32_at(file + at + 4) + u32_at(file + at + 8) + u32_at(file + at + 12);
        if (u32_at(file + at) == MULTIBOOT2_HEADER_MAGIC && sum == 0) {
            return true;
        }
    }
    return false;
}

struct program_headers {
    uint64_t entry, offset;
    uint16_t size, count;
};

static enum status read_header(const uint8_t *file, size_t length, struct program_headers *out)
{
    struct cursor c = cursor_make(file, length);
    bool magic = cursor_u32(&c) == ELF_MAGIC && cursor_u8(&c) == 2 && cursor_u8(&c) == 1; /* 64-bit, little-endian */
    cursor_take(&c, 10);
    uint16_t type = cursor_u16(&c), machine = cursor_u16(&c);
    cursor_u32(&c); /* version */
    out->entry = cursor_u64(&c);
    out->offset = cursor_u64(&c);
    cursor_take(&c, 8 + 4 + 2); /* section headers, flags, size of this header */
    out->size = cursor_u16(&c);
    out->count = cursor_u16(&c);
    bool ours = magic && type == TYPE_EXECUTABLE && machine == MACHINE_X86_64 && out->size == PROGRAM_HEADER_SIZE;
    return ours && !c.failed && length >= ELF_HEADER_SIZE ? STATUS_OK : STATUS_BAD_FORMAT;
}

static enum status add_segment(struct kernel_image *out, struct cursor *header, size_t length)
{
    uint32_t type = cursor_u32(header);
    cursor_u32(header); /* flags */
    uint64_t offset = cursor_u64(header);
    cursor_u64(header); /* virtual address */
    uint64_t to = cursor_u64(header), bytes = cursor_u64(header), memory = cursor_u64(header);
    if (type != SEGMENT_LOAD || memory == 0) {
        return STATUS_OK;
    }
    if (offset > length || bytes > length - offset || bytes > memory) {
        return STATUS_BAD_FORMAT;
    }
    if (to < MIB || to >= 4 * GIB || memory > 4 * GIB - PAGE_SIZE - to) {
        return STATUS_OUT_OF_RANGE;
    }
    if (out->segment_count == KERNEL_IMAGE_SEGMENTS_MAX) {
        return STATUS_UNSUPPORTED;
    }
    out->segments[out->segment_count++] =
        (struct kernel_segment){(uint32_t)to, (uint32_t)offset, (uint32_t)bytes, (uint32_t)(memory - bytes)};
    uint32_t start = (uint32_t)align_down(to, PAGE_SIZE), end = (uint32_t)align_up(to + memory, PAGE_SIZE);
    out->start = out->segment_count == 1 || start < out->start ? start : out->start;
    out->end = end > out->end ? end : out->end;
    return STATUS_OK;
}

enum status kernel_image_parse(const void *file, size_t length, struct kernel_image *out)
{
    memset(out, 0, sizeof(*out));
    struct program_headers headers;
    enum status status = length <= UINT32_MAX ? read_header(file, length, &headers) : STATUS_BAD_FORMAT;
    if (status != STATUS_OK) {
        return status;
    }
    if (!has_multiboot2_header(file, length)) {
        return STATUS_UNSUPPORTED;
    }
    struct cursor c = cursor_make(file, length);
    if (headers.offset > length || cursor_take(&c, headers.offset) == NULL) {
        return STATUS_BAD_FORMAT;
    }
    for (uint16_t i = 0; i < headers.count && status == STATUS_OK; i++) {
        struct cursor header = cursor_slice(&c, PROGRAM_HEADER_SIZE);
        status = header.failed ? STATUS_BAD_FORMAT : add_segment(out, &header, length);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool enters = headers.entry >= out->start && headers.entry < out->end;
    out->entry = (uint32_t)headers.entry;
    return out->segment_count != 0 && enters ? STATUS_OK : STATUS_BAD_FORMAT;
}
