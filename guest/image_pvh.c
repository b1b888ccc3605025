/* SPDX-License-Identifier: GPL-2.0-only
 * ELF kernels with a PVH entry: 32-bit protected mode, EBX = struct hvm_start_info
 * (xen/include/public/arch-x86/hvm/start_info.h, version 1). */
#include "guest/image_elf.h"
#include "guest/image_kinds.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/cursor.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define NOTE_NAME "Xen"
#define NOTE_PHYS32_ENTRY 18
#define START_MAGIC 0x336ec578U
#define START_SIZE 56
#define MODULE_SIZE 32
#define RANGE_SIZE 24
#define RANGE_RAM 1
#define RANGE_RESERVED 2

/* The entry address in one PT_NOTE segment; STATUS_NOT_FOUND when it has none. */
static enum status find_entry(const uint8_t *notes, uint64_t bytes, uint64_t *entry)
{
    struct cursor c = cursor_make(notes, bytes);
    while (cursor_left(&c) >= 12) {
        uint32_t name_size = cursor_u32(&c);
        uint32_t data_size = cursor_u32(&c);
        uint32_t type = cursor_u32(&c);
        const uint8_t *name = cursor_take(&c, align_up(name_size, 4));
        struct cursor data = cursor_slice(&c, align_up(data_size, 4));
        if (c.failed) {
            return STATUS_BAD_FORMAT;
        }
        bool ours = type == NOTE_PHYS32_ENTRY && name_size == sizeof(NOTE_NAME) &&
                    memcmp(name, NOTE_NAME, sizeof(NOTE_NAME)) == 0;
        if (ours && (data_size == 4 || data_size == 8)) {
            *entry = data_size == 8 ? cursor_u64(&data) : cursor_u32(&data);
            return *entry >> 32 == 0 ? STATUS_OK : STATUS_BAD_FORMAT;
        }
    }
    return STATUS_NOT_FOUND;
}

static enum status find_note(const struct image_blob *blob, const struct image_elf *elf, uint64_t *entry)
{
    for (unsigned i = 0; i < elf->program_count; i++) {
        struct image_segment segment;
        if (image_elf_segment(blob, elf, i, &segment) != STATUS_OK) {
            return STATUS_BAD_FORMAT;
        }
        if (segment.type == ELF_PT_NOTE) {
            enum status status = find_entry((const uint8_t *)blob->bytes + segment.offset, segment.file_size, entry);
            if (status != STATUS_NOT_FOUND) {
                return status;
            }
        }
    }
    return STATUS_NOT_FOUND;
}

static enum status put_modules(struct image_place *place, const struct image_request *request, uint8_t *start)
{
    size_t count = (request->initrd.size != 0) + request->module_count;
    struct gpa list, at, text;
    uint8_t *entries = count == 0 ? NULL : image_place_low(place, count * MODULE_SIZE, 8, &list);
    if (count == 0 || entries == NULL) {
        return count == 0 ? STATUS_OK : STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_initrd = request->initrd.size != 0 && i == 0;
        const struct image_blob *blob =
            is_initrd ? &request->initrd : &request->modules[i - (request->initrd.size != 0)];
        enum status status = image_place_module(place, blob, &at);
        if (status == STATUS_OK) {
            status = image_place_text(place, blob->text == NULL ? "" : blob->text, &text);
        }
        if (status != STATUS_OK) {
            return status;
        }
        image_put(entries + i * MODULE_SIZE, at.v, 8);
        image_put(entries + i * MODULE_SIZE + 8, blob->size, 8);
        image_put(entries + i * MODULE_SIZE + 16, text.v, 8);
    }
    image_put(start + 12, count, 4);
    image_put(start + 16, list.v, 8);
    return STATUS_OK;
}

static enum status put_map(struct image_place *place, const struct image_request *request, uint8_t *start)
{
    struct gpa at;
    uint8_t *map = image_place_low(place, request->map_count * RANGE_SIZE, 8, &at);
    if (map == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < request->map_count; i++) {
        image_put(map + i * RANGE_SIZE, request->map[i].start, 8);
        image_put(map + i * RANGE_SIZE + 8, request->map[i].size, 8);
        image_put(map + i * RANGE_SIZE + 16, request->map[i].ram ? RANGE_RAM : RANGE_RESERVED, 4);
    }
    image_put(start + 40, at.v, 8);
    image_put(start + 48, request->map_count, 4);
    return STATUS_OK;
}

static enum status make_start_info(struct image_place *place, const struct image_request *request,
                                   struct image_entry *entry)
{
    struct gpa at, cmdline;
    uint8_t *start = image_place_low(place, START_SIZE, 8, &at);
    if (start == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = image_place_text(place, request->cmdline, &cmdline);
    if (status == STATUS_OK) {
        image_put(start, START_MAGIC, 4);
        image_put(start + 4, 1, 4);
        image_put(start + 24, cmdline.v, 8);
        image_put(start + 32, request->rsdp.v, 8);
        status = put_modules(place, request, start);
    }
    if (status == STATUS_OK) {
        status = put_map(place, request, start);
    }
    entry->rbx = at.v;
    return status;
}

enum status image_pvh_load(const struct guest_memory *memory, const struct image_request *request,
                           struct image_entry *entry, char *why, size_t why_size)
{
    struct image_elf elf;
    uint64_t rip = 0;
    enum status status = image_elf_parse(&request->kernel, &elf);
    if (status == STATUS_NOT_FOUND) {
        return status;
    }
    if (status == STATUS_OK) {
        status = find_note(&request->kernel, &elf, &rip);
    }
    if (status == STATUS_NOT_FOUND) {
        return status;
    }
    if (status != STATUS_OK) {
        format_text(why, why_size, "the ELF file is truncated, of another machine, or its notes are broken");
        return status;
    }
    *entry = (struct image_entry){.kind = IMAGE_PVH, .rip = rip};
    struct image_place place = image_place_make(memory, GUEST_HOLE_START, why, why_size);
    status = image_elf_load(&place, &request->kernel, &elf);
    return status == STATUS_OK ? make_start_info(&place, request, entry) : status;
}
