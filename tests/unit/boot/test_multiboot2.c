/* SPDX-License-Identifier: GPL-2.0-only
 * boot/multiboot2.c: a whole block as GRUB makes it, every cut of it, and every kind of lie in it. */
#include "boot/multiboot2.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define BLOCK_MAX 200000

static struct {
    uint8_t bytes[BLOCK_MAX];
    size_t length;
} block;

static struct boot_info info;

static void put(uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        block.bytes[block.length++] = (uint8_t)(value >> (8 * i));
    }
}

static void begin(void)
{
    memset(&block, 0, sizeof(block));
    block.length = 8;
}

static void begin_tag(uint32_t type, uint32_t payload)
{
    block.length = (block.length + 7) & ~(size_t)7;
    put(type, 4);
    put(payload + 8, 4);
}

static void put_text(const char *text)
{
    memcpy(block.bytes + block.length, text, strlen(text) + 1);
    block.length += strlen(text) + 1;
}

static void text_tag(uint32_t type, const char *text)
{
    begin_tag(type, (uint32_t)strlen(text) + 1);
    put_text(text);
}

static void module_tag(uint32_t start, uint32_t end, const char *text)
{
    begin_tag(3, 8 + (uint32_t)strlen(text) + 1);
    put(start, 4);
    put(end, 4);
    put_text(text);
}

static void e820_tag(uint32_t entry_size, const uint64_t (*entries)[3], size_t count)
{
    begin_tag(6, 8 + (uint32_t)count * entry_size);
    put(entry_size, 4);
    put(0, 4);
    for (size_t i = 0; i < count; i++) {
        put(entries[i][0], 8);
        put(entries[i][1], 8);
        put(entries[i][2], 4);
        block.length += entry_size - 20;
    }
}

static void efi_tag(uint32_t entry_size, const uint64_t (*entries)[3], size_t count)
{
    begin_tag(17, 8 + (uint32_t)count * entry_size);
    put(entry_size, 4);
    put(1, 4);
    for (size_t i = 0; i < count; i++) {
        put(entries[i][2], 8);
        put(entries[i][0], 8);
        put(0, 8);
        put(entries[i][1], 8);
        block.length += entry_size - 32;
    }
}

static const uint64_t ram[][3] = {{0, 0x9fc00, 1}, {0x100000, 0x3ff00000, 1}};

static enum status parse(void)
{
    block.length = (block.length + 7) & ~(size_t)7;
    put(0, 4);
    put(8, 4);
    block.bytes[0] = (uint8_t)block.length;
    block.bytes[1] = (uint8_t)(block.length >> 8);
    block.bytes[2] = (uint8_t)(block.length >> 16);
    /* An exact copy, so that the sanitizer sees every read past the end. */
    uint8_t *copy = malloc(block.length);
    memcpy(copy, block.bytes, block.length);
    enum status status = multiboot2_parse(copy, block.length, &info);
    free(copy);
    return status;
}

static void build_whole(void)
{
    static const uint64_t entries[][3] = {{0, 0x9fc00, 1},           {0x9fc00, 0x400, 2},      {0xf0000, 0x10000, 2},
                                          {0x100000, 0x3fee0000, 1}, {0x3ffe0000, 0x10000, 3}, {0x3fff0000, 0x8000, 4},
                                          {0x3fff8000, 0x8000, 5},   {0xfeffc000, 0x4000, 77}, {0x50000000, 0, 2}};
    begin();
    text_tag(1, "log=debug");
    text_tag(2, "GRUB 2.06-13");
    module_tag(0x200000, 0x200123, "guests.toml");
    module_tag(0x300000, 0x500000, "vmlinuz quiet");
    begin_tag(4, 8);
    put(640, 4);
    put(0x3fb00, 4);
    e820_tag(32, entries, ARRAY_LENGTH(entries));
    begin_tag(14, 20);
    block.length += 20;
    begin_tag(15, 36);
    for (unsigned i = 0; i < 36; i++) {
        put(i, 1);
    }
    begin_tag(14, 20);
    block.length += 20;
    begin_tag(12, 8);
    put(0x1234, 8);
}

static void reads_a_whole_block(void **state)
{
    (void)state;
    build_whole();
    assert_int_equal(parse(), STATUS_OK);
    assert_string_equal(info.cmdline, "log=debug");
    assert_string_equal(info.loader, "GRUB 2.06-13");
    assert_int_equal(info.module_count, 2);
    assert_int_equal(info.modules[0].start.v, 0x200000);
    assert_int_equal(info.modules[0].size, 0x123);
    assert_string_equal(info.modules[1].text, "vmlinuz quiet");
    assert_int_equal(info.rsdp_length, 36);
    assert_int_equal(info.rsdp[35], 35);
    assert_int_equal(memory_map_total(&info.memory, MEMORY_RAM), 0x9fc00 + 0x3fee0000 - 0x123 - 0x200000);
    assert_int_equal(memory_map_total(&info.memory, MEMORY_LOADER), 0x123 + 0x200000);
    assert_int_equal(memory_map_total(&info.memory, MEMORY_ACPI), 0x10000);
    assert_int_equal(memory_map_total(&info.memory, MEMORY_ACPI_NVS), 0x8000);
    assert_int_equal(memory_map_total(&info.memory, MEMORY_UNUSABLE), 0x8000);
    assert_int_equal(memory_map_total(&info.memory, MEMORY_RESERVED), 0x10400 + 0x4000);
}

static void refuses_every_cut(void **state)
{
    (void)state;
    build_whole();
    assert_int_equal(parse(), STATUS_OK);
    for (size_t length = 0; length < block.length; length++) {
        uint8_t *copy = malloc(length + 1);
        memcpy(copy, block.bytes, length);
        uint8_t *exact = realloc(copy, length > 0 ? length : 1);
        assert_int_equal(multiboot2_parse(exact, length, &info), STATUS_BAD_FORMAT);
        if (length >= 8) {
            memcpy(exact, &(uint32_t){(uint32_t)length}, 4); /* the block itself says it is shorter */
            assert_int_equal(multiboot2_parse(exact, length, &info), STATUS_BAD_FORMAT);
        }
        free(exact);
    }
}

static void survives_every_changed_byte(void **state)
{
    (void)state;
    build_whole();
    assert_int_equal(parse(), STATUS_OK);
    size_t length = block.length;
    uint8_t *copy = malloc(length);
    for (size_t i = 0; i < length * 3; i++) {
        static const uint8_t values[] = {0, 0x80, 0xff};
        memcpy(copy, block.bytes, length);
        copy[i / 3] = values[i % 3];
        enum status status = multiboot2_parse(copy, length, &info);
        assert_true(status == STATUS_OK || info.module_count <= BOOT_MODULES_MAX);
    }
    free(copy);
}

static void uses_efi_map_only_without_e820(void **state)
{
    (void)state;
    static const uint64_t efi[][3] = {{0x100000, 16, 7}, {0x110000, 1, 1},  {0x111000, 1, 4}, {0x112000, 1, 5},
                                      {0x113000, 1, 9},  {0x114000, 1, 10}, {0x115000, 1, 8}, {0x116000, 1, 11}};
    begin();
    efi_tag(48, efi, ARRAY_LENGTH(efi));
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(memory_map_total(&info.memory, MEMORY_RAM), 18 * PAGE_SIZE);
    assert_int_equal(memory_map_total(&info.memory, MEMORY_RESERVED), 2 * PAGE_SIZE);
    assert_int_equal(memory_map_total(&info.memory, MEMORY_ACPI), PAGE_SIZE);
    assert_int_equal(memory_map_total(&info.memory, MEMORY_ACPI_NVS), PAGE_SIZE);
    assert_int_equal(memory_map_total(&info.memory, MEMORY_UNUSABLE), PAGE_SIZE);
    begin();
    efi_tag(48, efi, ARRAY_LENGTH(efi));
    e820_tag(24, ram, ARRAY_LENGTH(ram));
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(memory_map_total(&info.memory, MEMORY_RAM), 0x9fc00 + 0x3ff00000);
    assert_int_equal(memory_map_total(&info.memory, MEMORY_RESERVED), 0);
}

static void tells_errors_apart(void **state)
{
    (void)state;
    begin();
    text_tag(1, "no memory map");
    assert_int_equal(parse(), STATUS_NOT_FOUND);

    begin();
    e820_tag(24, ram, ARRAY_LENGTH(ram));
    for (unsigned i = 0; i < BOOT_MODULES_MAX; i++) {
        module_tag(0x100000 + i * 0x1000, 0x100800 + i * 0x1000, "m");
    }
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(info.module_count, BOOT_MODULES_MAX);
    block.length -= 8;
    module_tag(0x300000, 0x300800, "one too many");
    assert_int_equal(parse(), STATUS_OUT_OF_RANGE);

    char text[BOOT_TEXT_MAX + 1];
    memset(text, 'x', sizeof(text));
    text[BOOT_TEXT_MAX] = 0;
    begin();
    e820_tag(24, ram, ARRAY_LENGTH(ram));
    text_tag(2, text); /* the loader's name is cut */
    text_tag(1, text + 1);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(strlen(info.loader), sizeof(info.loader) - 1);
    assert_int_equal(strlen(info.cmdline), BOOT_TEXT_MAX - 1);
    begin();
    e820_tag(24, ram, ARRAY_LENGTH(ram));
    text_tag(1, text);
    assert_int_equal(parse(), STATUS_UNSUPPORTED);

    static uint64_t many[MEMORY_MAP_MAX + 1][3];
    for (size_t i = 0; i < ARRAY_LENGTH(many); i++) {
        many[i][0] = i * 0x2000;
        many[i][1] = 0x1000;
        many[i][2] = 1;
    }
    begin();
    e820_tag(24, (const uint64_t(*)[3])many, ARRAY_LENGTH(many));
    assert_int_equal(parse(), STATUS_NO_MEMORY);
}

/* One good map and one bad tag. */
static enum status parse_with_bad(void (*add)(void))
{
    begin();
    e820_tag(24, ram, ARRAY_LENGTH(ram));
    add();
    return parse();
}

static void unterminated_cmdline(void)
{
    begin_tag(1, 4);
    put(0x41414141, 4);
}

static void empty_cmdline(void)
{
    begin_tag(1, 0);
}

static void unterminated_loader(void)
{
    begin_tag(2, 8);
    put(UINT64_MAX, 8);
}

static void empty_module(void)
{
    module_tag(0x200000, 0x200000, "m");
}

static void backward_module(void)
{
    module_tag(0x200000, 0x1ff000, "m");
}

static void module_without_text(void)
{
    begin_tag(3, 8);
    put(0x200000, 4);
    put(0x201000, 4);
}

static void module_outside_memory(void)
{
    module_tag(0x3ffff000, 0x40001000, "m");
}

static void short_e820_entries(void)
{
    begin_tag(6, 8 + 20);
    put(20, 4);
    put(0, 4);
    block.length += 20;
}

static void zero_e820_entries(void)
{
    begin_tag(6, 8 + 24);
    put(0, 4);
    put(0, 4);
    block.length += 24;
}

static void ragged_e820(void)
{
    begin_tag(6, 8 + 30);
    put(24, 4);
    put(0, 4);
    block.length += 30;
}

static void wrapping_e820(void)
{
    static const uint64_t entry[][3] = {{UINT64_MAX - 0xfff, 0x2000, 1}};
    e820_tag(24, entry, 1);
}

static void short_rsdp_1(void)
{
    begin_tag(14, 19);
    block.length += 19;
}

static void short_rsdp_2(void)
{
    begin_tag(15, 35);
    block.length += 35;
}

static void tag_without_size(void)
{
    begin_tag(99, 0);
    memset(block.bytes + block.length - 4, 0, 4);
}

static void tag_past_the_end(void)
{
    begin_tag(99, 0x10000);
}

static void refuses_lies(void **state)
{
    (void)state;
    static void (*const bad[])(void) = {
        unterminated_cmdline, empty_cmdline,         unterminated_loader, empty_module,      backward_module,
        module_without_text,  module_outside_memory, short_e820_entries,  zero_e820_entries, ragged_e820,
        wrapping_e820,        short_rsdp_1,          short_rsdp_2,        tag_without_size,  tag_past_the_end,
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(parse_with_bad(bad[i]), STATUS_BAD_FORMAT);
    }
    static const uint64_t efi_wraps[][3] = {{0x1000, UINT64_MAX / 4096 + 1, 7}};
    begin();
    efi_tag(40, efi_wraps, 1);
    assert_int_equal(parse(), STATUS_BAD_FORMAT);
    begin();
    efi_tag(40, ram, 1);
    block.bytes[16] = 39; /* entry size */
    assert_int_equal(parse(), STATUS_BAD_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_whole_block),         cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(survives_every_changed_byte), cmocka_unit_test(uses_efi_map_only_without_e820),
        cmocka_unit_test(tells_errors_apart),          cmocka_unit_test(refuses_lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
