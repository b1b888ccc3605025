/* SPDX-License-Identifier: GPL-2.0-only
 * guest/console.c: whatever a guest prints, each line of the physical console that it makes bears its name in front. */
#include "guest/console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fake/log.h"

#define BYTES 100000
#define MS UINT64_C(1000000)

static struct console console;

static int setup(void **state)
{
    (void)state;
    fake_log_reset();
    console_init(&console, "storage");
    return 0;
}

static void put(const char *text, uint64_t now_ns)
{
    for (; *text != 0; text++) {
        console_put(&console, (uint8_t)*text, now_ns);
    }
}

static void shows_whole_lines_and_parts(void **state)
{
    (void)state;
    put("one\n\ntwo", 0);
    assert_string_equal(fake_log_text(), "storage| one\nstorage| \n");
    console_advance(&console, 199 * MS);
    assert_int_equal(fake_log_count("two"), 0);
    assert_int_equal(console_next_deadline(&console), 200 * MS);
    console_advance(&console, 200 * MS);
    assert_int_equal(console_next_deadline(&console), UINT64_MAX);
    put(" three\n", 201 * MS);
    assert_string_equal(fake_log_text(), "storage| one\nstorage| \nstorage> two\nstorage|  three\n");
}

/* No carriage return to the front of the line, no backspace over its name. */
static void nothing_forges_a_line(void **state)
{
    (void)state;
    put("a\r[    0.100000] error panic: CPU 0\b\b\v\f\a\x01\x1f\tend\n", 0);
    assert_string_equal(fake_log_text(), "storage| a[    0.100000] error panic: CPU 0\tend\n");
}

static void a_long_line_is_many_parts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * CONSOLE_LINE_MAX; i++) {
        console_put(&console, 'x', 0);
    }
    console_put(&console, '\n', 0);
    assert_int_equal(fake_log_count("storage> xxx"), 2);
    assert_int_equal(fake_log_count("storage| xx"), 1);
}

static void assert_sound(const char *line, size_t length)
{
    assert_true(strncmp(line, "storage| ", 9) == 0 || strncmp(line, "storage> ", 9) == 0);
    assert_true(length < 9 + CONSOLE_LINE_MAX);
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)line[i];
        assert_true(byte >= ' ' || byte == '\t' || byte == 0x1b);
    }
}

static void random_bytes(void **state)
{
    (void)state;
    uint32_t seed = 1;
    unsigned lines = 0;
    for (unsigned i = 0; i < BYTES; i++) {
        seed = seed * 1664525 + 1013904223;
        console_put(&console, (uint8_t)(seed >> 24), i * MS);
        console_advance(&console, i * MS);
    }
    for (const char *at = fake_log_text(), *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        assert_sound(at, (size_t)(end - at));
        lines++;
    }
    assert_true(lines > BYTES / 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(shows_whole_lines_and_parts, setup),
        cmocka_unit_test_setup(nothing_forges_a_line, setup),
        cmocka_unit_test_setup(a_long_line_is_many_parts, setup),
        cmocka_unit_test_setup(random_bytes, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
