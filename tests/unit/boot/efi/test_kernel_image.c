/* SPDX-License-Identifier: GPL-2.0-only
 * boot/efi/kernel_image.c: a small ELF file with two segments, every cut of it, and what is no Bulkhead. */
#include "boot/efi/kernel_image.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define FILE_SIZE 0x2100
#define TYPE_AT 16
#define ENTRY_AT 24
#define TABLE_AT 32
#define COUNT_AT 56
#define FIRST 64 /* the first program header */
#define SECOND (FIRST + 56)
#define OFFSET 8
#define PHYSICAL 24
#define FILE_BYTES 32
#define MEMORY_BYTES 40

static uint8_t file[FILE_SIZE];
static struct kernel_image image;

static void put(size_t at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        file[at + i] = (uint8_t)(value >> (8 * i));
    }
}

static void put_segment(size_t at, uint64_t offset, uint64_t to, uint64_t bytes, uint64_t memory)
{
    put(at, 1, 4);
    put(at + OFFSET, offset, 8);
    put(at + PHYSICAL, to, 8);
    put(at + FILE_BYTES, bytes, 8);
    put(at + MEMORY_BYTES, memory, 8);
}

static int make(void **state)
{
    (void)state;
    memset(file, 0, sizeof(file));
    put(0, 0x464c457f, 4);
    file[4] = 2;
    file[5] = 1;
    put(TYPE_AT, 2, 2);
    put(18, 62, 2);
    put(ENTRY_AT, 0x200010, 8);
    put(TABLE_AT, FIRST, 8);
    put(54, 56, 2);
    put(COUNT_AT, 2, 2);
    put_segment(FIRST, 0x1000, 0x200000, 0x1000, 0x1000);
    put_segment(SECOND, 0x2000, 0x203000, 0x100, 0x1800);
    put(0x1000, 0xe85250d6, 4);
    put(0x1008, 16, 4);
    put(0x100c, (uint32_t) - (0xe85250d6 + 16), 4);
    return 0;
}

static enum status parse(void)
{
    return kernel_image_parse(file, sizeof(file), &image);
}

static void test_a_sound_one(void **state)
{
    (void)state;
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(image.segment_count, 2);
    assert_int_equal(image.start, 0x200000);
    assert_int_equal(image.end, 0x205000);
    assert_int_equal(image.entry, 0x200010);
    assert_int_equal(image.segments[1].to, 0x203000);
    assert_int_equal(image.segments[1].from, 0x2000);
    assert_int_equal(image.segments[1].bytes, 0x100);
    assert_int_equal(image.segments[1].zeros, 0x1700);
}

/* A copy of exactly that length: the sanitizer sees a read behind it. */
static void test_every_cut(void **state)
{
    (void)state;
    for (size_t length = 0; length < sizeof(file); length++) {
        uint8_t *copy = malloc(length + 1);
        memcpy(copy + 1, file, length);
        assert_int_not_equal(kernel_image_parse(copy + 1, length, &image), STATUS_OK);
        free(copy);
    }
}

static void test_no_bulkhead(void **state)
{
    (void)state;
    put(0x1000, 0, 4);
    assert_int_equal(parse(), STATUS_UNSUPPORTED);
    put(0x1000, 0xe85250d6, 4);
    put(0x1004, 4, 4); /* the sum is wrong */
    assert_int_equal(parse(), STATUS_UNSUPPORTED);
}

static void test_other_files(void **state)
{
    (void)state;
    put(0, 0x905a4d, 4);
    assert_int_equal(parse(), STATUS_BAD_FORMAT);
    make(NULL);
    file[4] = 1; /* 32-bit */
    assert_int_equal(parse(), STATUS_BAD_FORMAT);
    make(NULL);
    put(TYPE_AT, 3, 2); /* shared object */
    assert_int_equal(parse(), STATUS_BAD_FORMAT);
    make(NULL);
    put(18, 183, 2); /* another processor */
    assert_int_equal(parse(), STATUS_BAD_FORMAT);
}

static void test_lying_segments(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint64_t value;
        enum status status;
    } cases[] = {
        {SECOND + OFFSET, FILE_SIZE, STATUS_BAD_FORMAT},
        {SECOND + OFFSET, UINT64_MAX, STATUS_BAD_FORMAT},
        {SECOND + FILE_BYTES, 0x101, STATUS_BAD_FORMAT},
        {SECOND + FILE_BYTES, UINT64_MAX, STATUS_BAD_FORMAT},
        {SECOND + MEMORY_BYTES, 0xff, STATUS_BAD_FORMAT},
        {SECOND + MEMORY_BYTES, UINT64_MAX, STATUS_OUT_OF_RANGE},
        {SECOND + PHYSICAL, 0xff000, STATUS_OUT_OF_RANGE},
        {SECOND + PHYSICAL, UINT64_C(1) << 32, STATUS_OUT_OF_RANGE},
        {SECOND + PHYSICAL, 0xffffe900, STATUS_OUT_OF_RANGE},
        {SECOND + PHYSICAL, UINT64_MAX, STATUS_OUT_OF_RANGE},
        {TABLE_AT, FILE_SIZE - 55, STATUS_BAD_FORMAT},
        {TABLE_AT, UINT64_MAX, STATUS_BAD_FORMAT},
        {ENTRY_AT, 0x1fffff, STATUS_BAD_FORMAT},
        {ENTRY_AT, 0x205000, STATUS_BAD_FORMAT},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        make(NULL);
        put(cases[i].at, cases[i].value, 8);
        assert_int_equal(parse(), cases[i].status);
    }
    make(NULL);
    put(COUNT_AT, 0, 2);
    assert_int_equal(parse(), STATUS_BAD_FORMAT);
}

static void test_too_many_segments(void **state)
{
    (void)state;
    for (size_t i = 0; i < KERNEL_IMAGE_SEGMENTS_MAX + 1; i++) {
        put_segment(FIRST + 56 * i, 0x1000, 0x200000 + 0x1000 * i, 0x10, 0x20);
    }
    put(COUNT_AT, KERNEL_IMAGE_SEGMENTS_MAX, 2);
    assert_int_equal(parse(), STATUS_OK);
    put(COUNT_AT, KERNEL_IMAGE_SEGMENTS_MAX + 1, 2);
    assert_int_equal(parse(), STATUS_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_sound_one, make),    cmocka_unit_test_setup(test_every_cut, make),
        cmocka_unit_test_setup(test_no_bulkhead, make),    cmocka_unit_test_setup(test_other_files, make),
        cmocka_unit_test_setup(test_lying_segments, make), cmocka_unit_test_setup(test_too_many_segments, make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
