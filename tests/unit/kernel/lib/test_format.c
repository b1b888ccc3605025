/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/lib/format.c: the same text as libc's printf, bounds kept. */
#include "kernel/lib/format.h"

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define SAME_AS_LIBC(...)                                                                                              \
    do {                                                                                                               \
        char ours[128];                                                                                                \
        char theirs[128];                                                                                              \
        size_t length = format_text(ours, sizeof(ours), __VA_ARGS__);                                                  \
        assert_int_equal(length, snprintf(theirs, sizeof(theirs), __VA_ARGS__));                                       \
        assert_string_equal(ours, theirs);                                                                             \
    } while (0)

static void prints_numbers(void **state)
{
    (void)state;
    SAME_AS_LIBC("%d %i %u", -5, 0, 4000000000U);
    SAME_AS_LIBC("%d %d", INT32_MIN, INT32_MAX);
    SAME_AS_LIBC("%ld %lld %zu", INT64_MIN, (long long)INT64_MAX, (size_t)SIZE_MAX);
    SAME_AS_LIBC("%lu %llu", UINT64_MAX, 10ULL);
    SAME_AS_LIBC("%x %X %08x %-8x| %8X", 0xdeadU, 0xbeefU, 0x12U, 0x34U, 0xabU);
    SAME_AS_LIBC("%lx %llX %016lx", UINT64_MAX, 0x123456789abcULL, UINT64_C(0x42));
    SAME_AS_LIBC("%5d|%-5d|%05d|%2d", -42, -42, -42, 12345);
    SAME_AS_LIBC("%p", (void *)(uintptr_t)0x1234);
}

static void prints_text(void **state)
{
    (void)state;
    SAME_AS_LIBC("plain");
    SAME_AS_LIBC("%s|%8s|%-8s|%.2s|%8.2s|%-8.2s|", "abc", "abc", "abc", "abc", "abc", "abc");
    SAME_AS_LIBC("%.*s|%.*s", 2, "abc", -1, "abc");
    SAME_AS_LIBC("%c%c|%3c|%-3c|", 'x', 'y', 'z', 'w');
    SAME_AS_LIBC("100%%");
    char unterminated[3] = {'a', 'b', 'c'};
    SAME_AS_LIBC("%.3s", unterminated);
    char out[16];
    const char *volatile none = NULL; /* so that the compiler does not see it */
    format_text(out, sizeof(out), "%s", none);
    assert_string_equal(out, "(null)");
}

static void keeps_within_size(void **state)
{
    (void)state;
    char out[8];
    for (size_t size = 1; size <= 6; size++) {
        memset(out, '#', sizeof(out));
        assert_int_equal(format_text(out, size, "%s-%d", "ab", 12345), 8);
        assert_int_equal(strlen(out), size - 1);
        assert_memory_equal(out, "ab-1234", size - 1);
        assert_int_equal(out[size], '#');
    }
    out[0] = '#';
    assert_int_equal(format_text(out, 0, "abc"), 3);
    assert_int_equal(out[0], '#');
    assert_int_equal(format_text(NULL, 0, "%d", 77), 2);
}

/* The formats are not literals, so that the compiler does not see that they are wrong. */
static void copies_unknown_conversions(void **state)
{
    (void)state;
    static const char *const odd[] = {"%q", "%5y|", "%", "a%-", "%l"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        char out[16];
        const char *fmt = odd[i];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
        assert_int_equal(format_text(out, sizeof(out), fmt), strlen(fmt));
#pragma GCC diagnostic pop
        assert_string_equal(out, fmt);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_numbers),
        cmocka_unit_test(prints_text),
        cmocka_unit_test(keeps_within_size),
        cmocka_unit_test(copies_unknown_conversions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
