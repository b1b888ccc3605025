/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/lib/string.c under other names, against libc. */
#define memcpy our_memcpy
#define memmove our_memmove
#define memset our_memset
#define memcmp our_memcmp
#define strlen our_strlen
#define strnlen our_strnlen
#define strcmp our_strcmp
#define strncmp our_strncmp
#include "kernel/lib/string.c" /* NOLINT(bugprone-suspicious-include): compiled under other names */
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#define SIZE 64

static void fill(uint8_t *at)
{
    for (size_t i = 0; i < SIZE; i++) {
        at[i] = (uint8_t)(i * 7 + 1);
    }
}

/* Every offset and length of two windows in one buffer: overlaps in both directions included. */
static void moves_overlapping(void **state)
{
    (void)state;
    for (size_t to = 0; to < 24; to++) {
        for (size_t from = 0; from < 24; from++) {
            for (size_t n = 0; n <= 40; n++) {
                uint8_t a[SIZE];
                uint8_t b[SIZE];
                fill(a);
                fill(b);
                assert_ptr_equal(our_memmove(a + to, a + from, n), a + to);
                memmove(b + to, b + from, n);
                assert_memory_equal(a, b, SIZE);
            }
        }
    }
}

static void copies_and_sets_exactly(void **state)
{
    (void)state;
    for (size_t offset = 0; offset < 9; offset++) {
        for (size_t n = 0; n < 40; n++) {
            uint8_t a[SIZE];
            uint8_t b[SIZE];
            uint8_t source[SIZE];
            fill(source);
            memset(a, 0xee, SIZE);
            memset(b, 0xee, SIZE);
            assert_ptr_equal(our_memcpy(a + offset, source + 3, n), a + offset);
            memcpy(b + offset, source + 3, n);
            assert_memory_equal(a, b, SIZE);
            assert_ptr_equal(our_memset(a + offset, 0x1a5, n), a + offset);
            memset(b + offset, 0xa5, n);
            assert_memory_equal(a, b, SIZE);
        }
    }
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void compares_as_unsigned(void **state)
{
    (void)state;
    static const char *const words[] = {"", "a", "ab", "abc", "abd", "b", "\xff", "a\x80"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(words); j++) {
            const char *a = words[i];
            const char *b = words[j];
            assert_int_equal(sign(our_strcmp(a, b)), sign(strcmp(a, b)));
            for (size_t n = 0; n < 5; n++) {
                assert_int_equal(sign(our_strncmp(a, b, n)), sign(strncmp(a, b, n)));
            }
        }
        assert_int_equal(our_strlen(words[i]), strlen(words[i]));
        assert_int_equal(our_strnlen(words[i], 2), strnlen(words[i], 2));
    }
    assert_int_equal(sign(our_memcmp("a\0b", "a\0c", 3)), -1);
    assert_int_equal(our_memcmp("a\0b", "a\0c", 2), 0);
    assert_int_equal(sign(our_memcmp("\xff", "\x01", 1)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_overlapping),
        cmocka_unit_test(copies_and_sets_exactly),
        cmocka_unit_test(compares_as_unsigned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
