/* SPDX-License-Identifier: GPL-2.0-only
 * boot/efi/info_block.c: what it writes, boot/multiboot2.c reads; what does not fit is said. */
#include "boot/efi/info_block.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "boot/multiboot2.h"

#define ENTRY_SIZE 48 /* larger than the structure, as EDK2 has it */

static struct boot_info info;

static void put_entry(uint8_t *at, uint32_t type, uint64_t start, uint64_t pages)
{
    memset(at, 0, ENTRY_SIZE);
    memcpy(at, &type, sizeof(type));
    memcpy(at + 8, &start, sizeof(start));
    memcpy(at + 24, &pages, sizeof(pages));
}

static enum status fill(uint8_t *buffer, size_t size)
{
    static const uint8_t rsdp[36] = "RSD PTR ";
    static const struct info_framebuffer screen = {.at = UINT64_C(0x4000000000),
                                                   .pitch = 5120,
                                                   .width = 1280,
                                                   .height = 800,
                                                   .bits = 32,
                                                   .red_at = 16,
                                                   .red_bits = 8};
    struct info_block block = info_block_begin(buffer, size);
    info_block_loader_name(&block, "the loader");
    info_block_cmdline(&block, "one two");
    info_block_module(&block, 0x300000, 0x1234, "vmlinuz quiet");
    info_block_rsdp(&block, rsdp, sizeof(rsdp));
    info_block_framebuffer(&block, &screen);
    info_block_efi_system_table(&block, 0x7f000000);
    size_t room = 0;
    uint8_t *map = info_block_map_room(&block, &room);
    if (map == NULL || room < 2 * ENTRY_SIZE) {
        return STATUS_NO_MEMORY;
    }
    put_entry(map, 7, 0x100000, 0x1000);
    put_entry(map + ENTRY_SIZE, 0, 0x7f000000, 16);
    return info_block_finish(&block, 2 * (size_t)ENTRY_SIZE, ENTRY_SIZE, 1);
}

static void test_it_is_read_again(void **state)
{
    (void)state;
    _Alignas(8) static uint8_t buffer[1024];
    assert_int_equal(fill(buffer, sizeof(buffer)), STATUS_OK);
    assert_int_equal(multiboot2_parse(buffer, sizeof(buffer), &info), STATUS_OK);
    assert_string_equal(info.loader, "the loader");
    assert_string_equal(info.cmdline, "one two");
    assert_int_equal(info.module_count, 1);
    assert_int_equal(info.modules[0].start.v, 0x300000);
    assert_int_equal(info.modules[0].size, 0x1234);
    assert_string_equal(info.modules[0].text, "vmlinuz quiet");
    assert_int_equal(info.rsdp_length, 36);
    assert_memory_equal(info.rsdp, "RSD PTR ", 8);
    assert_true(memory_map_overlaps(&info.memory, 0x7f000000, 16 * PAGE_SIZE, MEMORY_RESERVED));
    assert_true(memory_map_covers(&info.memory, 0x100000, 0x1000 * PAGE_SIZE));
}

/* Exactly as large as it must be, and every size below. */
static void test_what_does_not_fit(void **state)
{
    (void)state;
    size_t enough = 0;
    for (size_t size = 8; enough == 0 && size < 1024; size++) {
        uint8_t *buffer = malloc(size);
        if (fill(buffer, size) == STATUS_OK) {
            assert_int_equal(multiboot2_parse(buffer, size, &info), STATUS_OK);
            enough = size;
        }
        free(buffer);
    }
    assert_in_range(enough, 300, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_read_again),
        cmocka_unit_test(test_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
