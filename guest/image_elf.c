/* SPDX-License-Identifier: GPL-2.0-only
 * ELF executables as guest kernels. */
#include "guest/image_elf.h"

#include "kernel/lib/cursor.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define ELF_MAGIC 0x464c457fU
#define ELF_CLASS_32 1
#define ELF_CLASS_64 2
#define ELF_LITTLE_ENDIAN 1
#define ELF_MACHINE_386 3
#define ELF_MACHINE_X86_64 62
#define ELF32_PHENTSIZE 32
#define ELF64_PHENTSIZE 56

static uint64_t word(struct cursor *c, bool is64)
{
    return is64 ? cursor_u64(c) : cursor_u32(c);
}

enum status image_elf_parse(const struct image_blob *blob, struct image_elf *elf)
{
    struct cursor c = cursor_make(blob->bytes, blob->size);
    if (cursor_u32(&c) != ELF_MAGIC) {
        return STATUS_NOT_FOUND;
    }
    uint8_t class = cursor_u8(&c);
    uint8_t order = cursor_u8(&c);
    (void)cursor_take(&c, 10); /* version, ABI, padding */
    (void)cursor_u16(&c);      /* type: executables and relocatable vmlinux alike are loaded where they say */
    uint16_t machine = cursor_u16(&c);
    (void)cursor_u32(&c); /* version */
    *elf = (struct image_elf){.is64 = class == ELF_CLASS_64};
    elf->entry = word(&c, elf->is64);
    elf->program_offset = word(&c, elf->is64);
    (void)word(&c, elf->is64); /* section headers */
    (void)cursor_u32(&c);      /* flags */
    (void)cursor_u16(&c);      /* header size */
    uint16_t entry_size = cursor_u16(&c);
    elf->program_count = cursor_u16(&c);
    bool known = (class == ELF_CLASS_32 || class == ELF_CLASS_64) && order == ELF_LITTLE_ENDIAN &&
                 (machine == ELF_MACHINE_386 || machine == ELF_MACHINE_X86_64) &&
                 entry_size == (elf->is64 ? ELF64_PHENTSIZE : ELF32_PHENTSIZE);
    return c.failed || !known ? STATUS_BAD_FORMAT : STATUS_OK;
}

enum status image_elf_segment(const struct image_blob *blob, const struct image_elf *elf, unsigned index,
                              struct image_segment *segment)
{
    uint64_t size = elf->is64 ? ELF64_PHENTSIZE : ELF32_PHENTSIZE;
    uint64_t at = 0;
    if (__builtin_add_overflow(elf->program_offset, size * index, &at) || at > blob->size || size > blob->size - at) {
        return STATUS_BAD_FORMAT;
    }
    struct cursor c = cursor_make((const uint8_t *)blob->bytes + at, size);
    *segment = (struct image_segment){.type = cursor_u32(&c)};
    if (elf->is64) {
        (void)cursor_u32(&c); /* flags */
    }
    segment->offset = word(&c, elf->is64);
    (void)word(&c, elf->is64); /* virtual address */
    segment->physical = word(&c, elf->is64);
    segment->file_size = word(&c, elf->is64);
    segment->memory_size = word(&c, elf->is64);
    bool inside = segment->offset <= blob->size && segment->file_size <= blob->size - segment->offset;
    return inside ? STATUS_OK : STATUS_BAD_FORMAT;
}

static enum status load_segment(struct image_place *place, const struct image_blob *blob,
                                const struct image_segment *segment)
{
    if (segment->memory_size < segment->file_size) {
        format_text(place->why, place->why_size, "an ELF segment is larger in the file than in memory");
        return STATUS_BAD_FORMAT;
    }
    void *to = image_place_kernel(place, segment->physical, segment->memory_size);
    if (to == NULL) {
        return STATUS_NO_MEMORY;
    }
    memcpy(to, (const uint8_t *)blob->bytes + segment->offset, segment->file_size);
    return STATUS_OK;
}

enum status image_elf_load(struct image_place *place, const struct image_blob *blob, const struct image_elf *elf)
{
    unsigned loaded = 0;
    for (unsigned i = 0; i < elf->program_count; i++) {
        struct image_segment segment;
        enum status status = image_elf_segment(blob, elf, i, &segment);
        if (status != STATUS_OK) {
            format_text(place->why, place->why_size, "ELF program header %u points outside the file", i);
            return status;
        }
        if (segment.type != ELF_PT_LOAD || segment.memory_size == 0) {
            continue;
        }
        status = load_segment(place, blob, &segment);
        if (status != STATUS_OK) {
            return status;
        }
        loaded++;
    }
    if (loaded == 0) {
        format_text(place->why, place->why_size, "the ELF file has nothing to load");
        return STATUS_BAD_FORMAT;
    }
    return STATUS_OK;
}
