/* SPDX-License-Identifier: GPL-2.0-only
 * Writer of a multiboot2 information block. */
#include "boot/efi/info_block.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

enum tag {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_LOADER_NAME = 2,
    TAG_MODULE = 3,
    TAG_FRAMEBUFFER = 8,
    TAG_EFI_SYSTEM_TABLE_64 = 12,
    TAG_RSDP_2 = 15,
    TAG_EFI_MEMORY_MAP = 17,
};

enum {
    HEADER_SIZE = 8,
    TAG_ALIGN = 8,
    MAP_HEADER_SIZE = 16, /* with entry size and version */
    END_ROOM = 16,        /* padding and the end tag */
    FRAMEBUFFER_RGB = 1,
};

static void put_bytes(struct info_block *block, const void *from, size_t bytes)
{
    if (block->length <= block->size && bytes <= block->size - block->length) {
        memcpy(block->bytes + block->length, from, bytes);
    }
    block->length += bytes;
}

static void put(struct info_block *block, uint64_t value, size_t bytes)
{
    uint8_t little[8];
    for (size_t i = 0; i < bytes; i++) {
        little[i] = (uint8_t)(value >> (8 * i));
    }
    put_bytes(block, little, bytes);
}

static void begin_tag(struct info_block *block, enum tag type, size_t payload)
{
    const uint8_t zeros[TAG_ALIGN] = {0};
    put_bytes(block, zeros, align_up(block->length, TAG_ALIGN) - block->length);
    put(block, type, 4);
    put(block, HEADER_SIZE + payload, 4);
}

struct info_block info_block_begin(void *buffer, size_t size)
{
    struct info_block block = {buffer, size, 0};
    put(&block, 0, HEADER_SIZE);
    return block;
}

static void put_text_tag(struct info_block *block, enum tag type, const char *text)
{
    size_t bytes = strlen(text) + 1;
    begin_tag(block, type, bytes);
    put_bytes(block, text, bytes);
}

void info_block_cmdline(struct info_block *block, const char *text)
{
    put_text_tag(block, TAG_COMMAND_LINE, text);
}

void info_block_loader_name(struct info_block *block, const char *text)
{
    put_text_tag(block, TAG_LOADER_NAME, text);
}

void info_block_module(struct info_block *block, uint32_t start, uint32_t size, const char *text)
{
    size_t bytes = strlen(text) + 1;
    begin_tag(block, TAG_MODULE, 8 + bytes);
    put(block, start, 4);
    put(block, (uint64_t)start + size, 4);
    put_bytes(block, text, bytes);
}

void info_block_rsdp(struct info_block *block, const void *rsdp, size_t length)
{
    begin_tag(block, TAG_RSDP_2, length);
    put_bytes(block, rsdp, length);
}

void info_block_framebuffer(struct info_block *block, const struct info_framebuffer *screen)
{
    begin_tag(block, TAG_FRAMEBUFFER, 30);
    put(block, screen->at, 8);
    put(block, screen->pitch, 4);
    put(block, screen->width, 4);
    put(block, screen->height, 4);
    put(block, screen->bits, 1);
    put(block, FRAMEBUFFER_RGB, 1);
    put(block, 0, 2);
    const uint8_t colours[] = {screen->red_at,     screen->red_bits, screen->green_at,
                               screen->green_bits, screen->blue_at,  screen->blue_bits};
    put_bytes(block, colours, sizeof(colours));
}

void info_block_efi_system_table(struct info_block *block, uint64_t at)
{
    begin_tag(block, TAG_EFI_SYSTEM_TABLE_64, 8);
    put(block, at, 8);
}

static size_t map_start(const struct info_block *block)
{
    return align_up(block->length, TAG_ALIGN) + MAP_HEADER_SIZE;
}

void *info_block_map_room(struct info_block *block, size_t *room)
{
    size_t start = map_start(block);
    *room = start + END_ROOM < block->size ? block->size - start - END_ROOM : 0;
    return *room != 0 ? block->bytes + start : NULL;
}

enum status info_block_finish(struct info_block *block, size_t bytes, uint32_t entry_size, uint32_t version)
{
    if (map_start(block) + END_ROOM > block->size || bytes > block->size - END_ROOM - map_start(block)) {
        return STATUS_NO_MEMORY;
    }
    begin_tag(block, TAG_EFI_MEMORY_MAP, 8 + bytes);
    put(block, entry_size, 4);
    put(block, version, 4);
    block->length += bytes;
    begin_tag(block, TAG_END, 0);
    struct info_block head = {block->bytes, HEADER_SIZE, 0};
    put(&head, block->length, 4);
    return STATUS_OK;
}
