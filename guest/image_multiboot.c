/* SPDX-License-Identifier: GPL-2.0-only
 * Multiboot kernels (Multiboot Specification 0.6.96): 32-bit protected mode, EAX = magic, EBX = information. */
#include "guest/image_elf.h"
#include "guest/image_kinds.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/cursor.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

#define HEADER_MAGIC 0x1badb002U
#define HEADER_SEARCH 8192
#define HEADER_SIZE 32
#define LOADER_MAGIC 0x2badb002U

/* Header flags: bits 15:0 are demands; we meet page alignment, memory information and nothing else. */
#define FLAG_PAGE_ALIGN BIT32(0)
#define FLAG_MEMORY BIT32(1)
#define FLAG_ADDRESSES BIT32(16)
#define DEMANDS_KNOWN (FLAG_PAGE_ALIGN | FLAG_MEMORY)

/* Offsets and flags of the information structure (3.3). */
enum {
    INFO_FLAGS = 0,
    INFO_MEM_LOWER = 4, /* KiB below 1 MiB */
    INFO_MEM_UPPER = 8, /* KiB from 1 MiB to the first hole */
    INFO_CMDLINE = 16,
    INFO_MODS_COUNT = 20,
    INFO_MODS_ADDR = 24,
    INFO_MMAP_LENGTH = 44,
    INFO_MMAP_ADDR = 48,
    INFO_LOADER_NAME = 64,
    INFO_SIZE = 116,
};
#define INFO_HAS (BIT32(0) | BIT32(2) | BIT32(3) | BIT32(6) | BIT32(9))
#define MODULE_SIZE 16
#define RANGE_SIZE 24 /* its own size field (20) included */
#define RANGE_RAM 1
#define RANGE_RESERVED 2

struct header {
    uint64_t offset; /* in the file */
    uint32_t flags, header_addr, load_addr, load_end, bss_end, entry;
};

static enum status find_header(const struct image_blob *blob, struct header *h)
{
    uint64_t limit = blob->size < HEADER_SEARCH ? blob->size : HEADER_SEARCH;
    for (uint64_t at = 0; at + 12 <= limit; at += 4) {
        struct cursor c = cursor_make((const uint8_t *)blob->bytes + at, blob->size - at);
        uint32_t magic = cursor_u32(&c);
        uint32_t flags = cursor_u32(&c);
        uint32_t checksum = cursor_u32(&c);
        if (magic != HEADER_MAGIC || magic + flags + checksum != 0) {
            continue;
        }
        *h = (struct header){.offset = at, .flags = flags};
        if ((flags & FLAG_ADDRESSES) != 0) {
            h->header_addr = cursor_u32(&c);
            h->load_addr = cursor_u32(&c);
            h->load_end = cursor_u32(&c);
            h->bss_end = cursor_u32(&c);
            h->entry = cursor_u32(&c);
        }
        return c.failed ? STATUS_BAD_FORMAT : STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

/* The header's own addresses (3.1.3): load_end 0 means the whole file, bss_end 0 means no bss. */
static enum status load_by_addresses(struct image_place *place, const struct image_blob *blob, const struct header *h)
{
    uint64_t skipped = (uint64_t)h->header_addr - h->load_addr;
    bool sane = h->header_addr >= h->load_addr && skipped <= h->offset;
    uint64_t start = sane ? h->offset - skipped : 0;
    uint64_t bytes = h->load_end == 0 ? blob->size - start : (uint64_t)h->load_end - h->load_addr;
    uint64_t memory = h->bss_end == 0 ? bytes : (uint64_t)h->bss_end - h->load_addr;
    sane = sane && (h->load_end == 0 || h->load_end >= h->load_addr) &&
           (h->bss_end == 0 || h->bss_end >= h->load_addr) && bytes <= blob->size - start && memory >= bytes;
    if (!sane) {
        format_text(place->why, place->why_size, "the multiboot header's load addresses contradict each other");
        return STATUS_BAD_FORMAT;
    }
    void *to = image_place_kernel(place, h->load_addr, memory);
    if (to == NULL) {
        return STATUS_NO_MEMORY;
    }
    memcpy(to, (const uint8_t *)blob->bytes + start, bytes);
    return STATUS_OK;
}

static enum status load_kernel(struct image_place *place, const struct image_blob *blob, const struct header *h,
                               struct image_entry *entry)
{
    struct image_elf elf;
    if ((h->flags & FLAG_ADDRESSES) != 0) {
        entry->rip = h->entry;
        return load_by_addresses(place, blob, h);
    }
    enum status status = image_elf_parse(blob, &elf);
    if (status != STATUS_OK || elf.entry >> 32 != 0) {
        format_text(place->why, place->why_size,
                    "the multiboot image is neither an ELF file entered below 4 GiB nor has load addresses");
        return STATUS_BAD_FORMAT;
    }
    entry->rip = elf.entry;
    return image_elf_load(place, blob, &elf);
}

static enum status put_modules(struct image_place *place, const struct image_request *request, uint8_t *info)
{
    struct gpa list, at, text;
    bool has_initrd = request->initrd.size != 0;
    size_t count = has_initrd + request->module_count;
    uint8_t *entries = image_place_low(place, count * MODULE_SIZE + 1, 4, &list);
    if (entries == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct image_blob *blob =
            has_initrd && i == 0 ? &request->initrd : &request->modules[i - (has_initrd ? 1 : 0)];
        enum status status = image_place_module(place, blob, &at);
        if (status == STATUS_OK) {
            status = image_place_text(place, blob->text == NULL ? "" : blob->text, &text);
        }
        if (status != STATUS_OK) {
            return status;
        }
        image_put(entries + i * MODULE_SIZE, at.v, 4);
        image_put(entries + i * MODULE_SIZE + 4, at.v + blob->size, 4);
        image_put(entries + i * MODULE_SIZE + 8, text.v, 4);
    }
    image_put(info + INFO_MODS_COUNT, count, 4);
    image_put(info + INFO_MODS_ADDR, list.v, 4);
    return STATUS_OK;
}

static enum status put_map(struct image_place *place, const struct image_request *request, uint8_t *info)
{
    struct gpa at;
    uint8_t *map = image_place_low(place, request->map_count * RANGE_SIZE, 8, &at);
    if (map == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < request->map_count; i++) {
        uint8_t *range = map + i * RANGE_SIZE;
        image_put(range, RANGE_SIZE - 4, 4);
        image_put(range + 4, request->map[i].start, 8);
        image_put(range + 12, request->map[i].size, 8);
        image_put(range + 20, request->map[i].ram ? RANGE_RAM : RANGE_RESERVED, 4);
    }
    image_put(info + INFO_MMAP_LENGTH, request->map_count * RANGE_SIZE, 4);
    image_put(info + INFO_MMAP_ADDR, at.v, 4);
    image_put(info + INFO_MEM_LOWER, GUEST_LOW_RAM_END / KIB, 4);
    image_put(info + INFO_MEM_UPPER, (place->memory->slots[0].size - MIB) / KIB, 4);
    return STATUS_OK;
}

/* "NAME ARGUMENTS", as loaders of this protocol pass it: programs take the first word for their own name. */
static enum status put_cmdline(struct image_place *place, const struct image_request *request, struct gpa *at)
{
    const char *name = request->kernel_name == NULL ? "kernel" : request->kernel_name;
    size_t bytes = strlen(name) + 1 + strlen(request->cmdline) + 1;
    char *text = image_place_low(place, bytes, 1, at);
    if (text == NULL) {
        return STATUS_NO_MEMORY;
    }
    format_text(text, bytes, "%s %s", name, request->cmdline);
    return STATUS_OK;
}

static enum status make_info(struct image_place *place, const struct image_request *request, struct image_entry *entry)
{
    struct gpa at, cmdline, loader;
    uint8_t *info = image_place_low(place, INFO_SIZE, 8, &at);
    if (info == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = put_cmdline(place, request, &cmdline);
    if (status == STATUS_OK) {
        status = image_place_text(place, "Bulkhead", &loader);
    }
    if (status == STATUS_OK) {
        image_put(info + INFO_FLAGS, INFO_HAS, 4);
        image_put(info + INFO_CMDLINE, cmdline.v, 4);
        image_put(info + INFO_LOADER_NAME, loader.v, 4);
        status = put_modules(place, request, info);
    }
    if (status == STATUS_OK) {
        status = put_map(place, request, info);
    }
    entry->rax = LOADER_MAGIC;
    entry->rbx = at.v;
    return status;
}

enum status image_multiboot_load(const struct guest_memory *memory, const struct image_request *request,
                                 struct image_entry *entry, char *why, size_t why_size)
{
    struct header h;
    enum status status = find_header(&request->kernel, &h);
    if (status == STATUS_NOT_FOUND) {
        return status;
    }
    if (status != STATUS_OK) {
        format_text(why, why_size, "the multiboot header is cut off");
        return status;
    }
    if ((h.flags & MASK32(15, 0) & ~DEMANDS_KNOWN) != 0) {
        format_text(why, why_size, "the multiboot header demands more than memory information (flags 0x%x)", h.flags);
        return STATUS_UNSUPPORTED;
    }
    *entry = (struct image_entry){.kind = IMAGE_MULTIBOOT};
    struct image_place place = image_place_make(memory, GUEST_HOLE_START, why, why_size);
    status = load_kernel(&place, &request->kernel, &h, entry);
    return status == STATUS_OK ? make_info(&place, request, entry) : status;
}
