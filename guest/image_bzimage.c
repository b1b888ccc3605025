/* SPDX-License-Identifier: GPL-2.0-only
 * Linux bzImage, entered in 64-bit mode with a zero page (Documentation/arch/x86/boot, sections 1.2 and 1.14). */
#include "guest/image_kinds.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/cursor.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

/* Offsets in the setup header, which the zero page has at the same place. */
enum {
    SETUP_SECTORS = 0x1f1,
    SYSTEM_SIZE = 0x1f4,  /* the protected-mode code in units of 16 bytes */
    BOOT_FLAG = 0x1fe,    /* 0xaa55 */
    JUMP_LENGTH = 0x201,  /* the header ends at 0x202 plus this */
    HEADER_MAGIC = 0x202, /* "HdrS" */
    VERSION = 0x206,
    TYPE_OF_LOADER = 0x210,
    RAMDISK_IMAGE = 0x218,
    RAMDISK_SIZE = 0x21c,
    CMD_LINE_PTR = 0x228,
    INITRD_ADDR_MAX = 0x22c,
    XLOADFLAGS = 0x236, /* bit 0: has the 64-bit entry at +0x200 */
    CMDLINE_SIZE = 0x238,
    PREF_ADDRESS = 0x258,
    INIT_SIZE = 0x260,
    HEADER_END_MIN = 0x264,
    /* Zero page only. */
    ACPI_RSDP_ADDR = 0x70,
    E820_ENTRIES = 0x1e8,
    E820_TABLE = 0x2d0,
    ZERO_PAGE_SIZE = 4096,
};

#define HEADER_MAGIC_VALUE 0x53726448U /* "HdrS" */
#define OLDEST_VERSION 0x20c
#define ENTRY_64 0x200
#define E820_RAM 1
#define E820_RESERVED 2
#define E820_ENTRY_SIZE 20
#define LOADER_UNDEFINED 0xff

struct header {
    uint64_t protected_offset; /* of the protected-mode code in the file */
    uint64_t header_end;
    uint64_t pref_address;
    uint32_t init_size;
    uint32_t initrd_max;
    uint32_t cmdline_size;
};

static uint64_t field(const struct image_blob *blob, uint64_t offset, size_t bytes)
{
    struct cursor c = cursor_make((const uint8_t *)blob->bytes + offset, bytes);
    return bytes == 8 ? cursor_u64(&c) : bytes == 4 ? cursor_u32(&c) : bytes == 2 ? cursor_u16(&c) : cursor_u8(&c);
}

static bool is_bzimage(const struct image_blob *blob)
{
    return blob->size >= HEADER_END_MIN && field(blob, BOOT_FLAG, 2) == 0xaa55 &&
           field(blob, HEADER_MAGIC, 4) == HEADER_MAGIC_VALUE;
}

static enum status read_header(const struct image_blob *blob, struct header *h, char *why, size_t why_size)
{
    uint64_t version = field(blob, VERSION, 2);
    if (version < OLDEST_VERSION || (field(blob, XLOADFLAGS, 2) & 1) == 0) {
        format_text(why, why_size, "the bzImage has no 64-bit entry (boot protocol %llu.%02llu): use a 64-bit kernel",
                    (unsigned long long)(version >> 8), (unsigned long long)(version & 0xff));
        return STATUS_UNSUPPORTED;
    }
    uint64_t sectors = field(blob, SETUP_SECTORS, 1);
    h->protected_offset = ((sectors == 0 ? 4 : sectors) + 1) * 512;
    h->header_end = HEADER_MAGIC + field(blob, JUMP_LENGTH, 1);
    h->pref_address = field(blob, PREF_ADDRESS, 8);
    h->init_size = (uint32_t)field(blob, INIT_SIZE, 4);
    h->initrd_max = (uint32_t)field(blob, INITRD_ADDR_MAX, 4);
    h->cmdline_size = (uint32_t)field(blob, CMDLINE_SIZE, 4);
    bool sane = h->protected_offset < blob->size && h->header_end >= HEADER_END_MIN && h->header_end <= blob->size &&
                blob->size - h->protected_offset <= h->init_size &&
                field(blob, SYSTEM_SIZE, 4) * 16 <= blob->size - h->protected_offset;
    if (!sane) {
        format_text(why, why_size, "the bzImage is truncated or its setup header contradicts itself");
        return STATUS_BAD_FORMAT;
    }
    return STATUS_OK;
}

/* One to one for the first 4 GiB in 2 MiB pages: what the 64-bit entry asks for. */
static enum status make_page_tables(struct image_place *place, uint64_t *cr3)
{
    struct gpa at;
    uint8_t *tables = image_place_low(place, 6 * PAGE_SIZE, PAGE_SIZE, &at);
    if (tables == NULL) {
        return STATUS_NO_MEMORY;
    }
    image_put(tables, (at.v + PAGE_SIZE) | 3, 8);
    for (uint64_t g = 0; g < 4; g++) {
        image_put(tables + PAGE_SIZE + 8 * g, (at.v + (2 + g) * PAGE_SIZE) | 3, 8);
    }
    for (uint64_t i = 0; i < 4 * 512; i++) {
        image_put(tables + 2 * PAGE_SIZE + 8 * i, i * 2 * MIB | 0x83, 8);
    }
    *cr3 = at.v;
    return STATUS_OK;
}

/* __BOOT_CS 0x10 and __BOOT_DS 0x18, flat. */
static enum status make_gdt(struct image_place *place, struct image_entry *entry)
{
    struct gpa at;
    uint8_t *gdt = image_place_low(place, 32, 16, &at);
    if (gdt == NULL) {
        return STATUS_NO_MEMORY;
    }
    image_put(gdt + 16, UINT64_C(0x00af9b000000ffff), 8);
    image_put(gdt + 24, UINT64_C(0x00cf93000000ffff), 8);
    entry->gdt_base = at.v;
    entry->gdt_limit = 31;
    return STATUS_OK;
}

static void fill_e820(uint8_t *zero_page, const struct image_request *request)
{
    for (size_t i = 0; i < request->map_count; i++) {
        uint8_t *e = zero_page + E820_TABLE + i * E820_ENTRY_SIZE;
        image_put(e, request->map[i].start, 8);
        image_put(e + 8, request->map[i].size, 8);
        image_put(e + 16, request->map[i].ram ? E820_RAM : E820_RESERVED, 4);
    }
    zero_page[E820_ENTRIES] = (uint8_t)request->map_count;
}

static enum status make_zero_page(struct image_place *place, const struct image_request *request,
                                  const struct header *h, struct image_entry *entry)
{
    struct gpa at, cmdline, initrd = gpa(0);
    uint8_t *zero = image_place_low(place, ZERO_PAGE_SIZE, PAGE_SIZE, &at);
    if (zero == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (strlen(request->cmdline) > h->cmdline_size) {
        format_text(place->why, place->why_size, "the command line is longer than the %u characters this kernel takes",
                    h->cmdline_size);
        return STATUS_NO_MEMORY;
    }
    enum status status = image_place_text(place, request->cmdline, &cmdline);
    if (status == STATUS_OK && request->initrd.size != 0) {
        status = image_place_module(place, &request->initrd, &initrd);
    }
    if (status != STATUS_OK) {
        return status;
    }
    memcpy(zero + SETUP_SECTORS, (const uint8_t *)request->kernel.bytes + SETUP_SECTORS, h->header_end - SETUP_SECTORS);
    zero[TYPE_OF_LOADER] = LOADER_UNDEFINED;
    image_put(zero + RAMDISK_IMAGE, initrd.v, 4);
    image_put(zero + RAMDISK_SIZE, request->initrd.size, 4);
    image_put(zero + CMD_LINE_PTR, cmdline.v, 4);
    image_put(zero + ACPI_RSDP_ADDR, request->rsdp.v, 8);
    fill_e820(zero, request);
    entry->rsi = at.v;
    return STATUS_OK;
}

enum status image_bzimage_load(const struct guest_memory *memory, const struct image_request *request,
                               struct image_entry *entry, char *why, size_t why_size)
{
    const struct image_blob *blob = &request->kernel;
    struct header h;
    if (!is_bzimage(blob)) {
        return STATUS_NOT_FOUND;
    }
    enum status status = read_header(blob, &h, why, why_size);
    if (status != STATUS_OK) {
        return status;
    }
    struct image_place place = image_place_make(memory, (uint64_t)h.initrd_max + 1, why, why_size);
    uint8_t *to = image_place_kernel(&place, h.pref_address, h.init_size);
    if (to == NULL) {
        return STATUS_NO_MEMORY;
    }
    memcpy(to, (const uint8_t *)blob->bytes + h.protected_offset, blob->size - h.protected_offset);
    *entry = (struct image_entry){.kind = IMAGE_BZIMAGE, .long_mode = true, .rip = h.pref_address + ENTRY_64};
    status = make_page_tables(&place, &entry->cr3);
    if (status == STATUS_OK) {
        status = make_gdt(&place, entry);
    }
    return status == STATUS_OK ? make_zero_page(&place, request, &h, entry) : status;
}
