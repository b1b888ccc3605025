/* SPDX-License-Identifier: GPL-2.0-only
 * boot/efi/pe_section.c: a loaded image with a list, every cut of it, and headers that lie. */
#include "boot/efi/pe_section.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define PE_AT 0x80
#define OPTIONAL 240
#define TABLE_AT (PE_AT + 24 + OPTIONAL)
#define IMAGE_SIZE 0x400
#define LIST_AT 0x300

static uint8_t image[IMAGE_SIZE];

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static void put_section(unsigned n, const char *name, uint32_t size, uint32_t at)
{
    uint8_t *header = image + TABLE_AT + 40 * (size_t)n;
    memset(header, 0, 40);
    memcpy(header, name, strlen(name));
    put(header + 8, size, 4);
    put(header + 12, at, 4);
}

static int make(void **state)
{
    (void)state;
    memset(image, 0, sizeof(image));
    memcpy(image, "MZ", 2);
    put(image + 0x3c, PE_AT, 4);
    memcpy(image + PE_AT, "PE\0", 4);
    put(image + PE_AT + 6, 3, 2);
    put(image + PE_AT + 20, OPTIONAL, 2);
    put_section(0, ".text", 0x10, 0x200);
    put_section(1, ".bhcfg2", 0x10, 0x200);
    put_section(2, ".bhcfg", 5, LIST_AT);
    memcpy(image + LIST_AT, "hello", 5);
    return 0;
}

static void test_found(void **state)
{
    (void)state;
    struct pe_section section = pe_section_find(image, sizeof(image), ".bhcfg");
    assert_ptr_equal(section.bytes, image + LIST_AT);
    assert_int_equal(section.length, 5);
    put_section(2, ".bhcfg", IMAGE_SIZE - LIST_AT, LIST_AT);
    assert_int_equal(pe_section_find(image, sizeof(image), ".bhcfg").length, IMAGE_SIZE - LIST_AT);
    put_section(2, ".eightch", 5, LIST_AT);
    assert_ptr_equal(pe_section_find(image, sizeof(image), ".eightch").bytes, image + LIST_AT);
    assert_null(pe_section_find(image, sizeof(image), ".bhcfg").bytes);
    assert_null(pe_section_find(image, sizeof(image), ".eightchars").bytes);
}

static void test_lies(void **state)
{
    (void)state;
    static const struct {
        size_t at, bytes;
        uint64_t value;
    } cases[] = {
        {0, 2, 0},
        {0x3c, 4, IMAGE_SIZE},
        {0x3c, 4, UINT32_MAX},
        {PE_AT, 4, 0},
        {PE_AT + 6, 2, 2},
        {PE_AT + 6, 2, 97},
        {PE_AT + 20, 2, UINT16_MAX},
        {TABLE_AT + 80 + 8, 4, IMAGE_SIZE - LIST_AT + 1},
        {TABLE_AT + 80 + 8, 4, UINT32_MAX},
        {TABLE_AT + 80 + 12, 4, UINT32_MAX},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        make(NULL);
        put(image + cases[i].at, cases[i].value, cases[i].bytes);
        assert_null(pe_section_find(image, sizeof(image), ".bhcfg").bytes);
    }
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t length = 0; length < LIST_AT + 5; length++) {
        uint8_t *copy = malloc(length + 1);
        memcpy(copy + 1, image, length);
        assert_null(pe_section_find(copy + 1, length, ".bhcfg").bytes);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_found, make),
        cmocka_unit_test_setup(test_lies, make),
        cmocka_unit_test_setup(test_every_cut, make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
