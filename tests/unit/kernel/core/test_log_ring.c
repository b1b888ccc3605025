/* SPDX-License-Identifier: GPL-2.0-only
 * Log lines and the ring. */
#include "kernel/core/log_ring.h"

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char line[LOG_LINE_SIZE];
static struct log_ring ring;

static void __attribute__((format(printf, 3, 4))) format(uint64_t ns, enum log_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    log_ring_format(line, ns, level, fmt, args);
    va_end(args);
}

static void looks_as_documented(void **state)
{
    (void)state;
    format(123456789, LOG_INFO, "vtd: %d units", 2);
    assert_string_equal(line, "[   0.123456] info  vtd: 2 units");
    format(UINT64_C(98765432109876), LOG_ERROR, "x");
    assert_string_equal(line, "[98765.432109] error x");
    format(0, LOG_WARN, "%s", "");
    assert_string_equal(line, "[   0.000000] warn  ");
}

static void marks_what_was_cut(void **state)
{
    (void)state;
    char text[LOG_TEXT_MAX + 2];
    memset(text, 'a', sizeof(text));
    text[LOG_TEXT_MAX] = 0;
    format(0, LOG_INFO, "%s", text);
    assert_int_equal(strlen(line), strlen("[   0.000000] info  ") + LOG_TEXT_MAX);
    assert_int_equal(line[strlen(line) - 1], 'a');
    text[LOG_TEXT_MAX] = 'a';
    text[LOG_TEXT_MAX + 1] = 0;
    format(UINT64_MAX, LOG_INFO, "%s", text);
    assert_true(strlen(line) < LOG_LINE_SIZE);
    assert_string_equal(line + strlen(line) - 4, "a...");
}

static void nothing_forges_a_line(void **state)
{
    (void)state;
    format(0, LOG_INFO, "%s", "a\n[   0.1] error b\r\x1b[2J\x7f\xff");
    assert_string_equal(line, "[   0.000000] info  a?[   0.1] error b??[2J??");
}

static void keeps_the_last_lines(void **state)
{
    (void)state;
    assert_null(log_ring_line(&ring, 0));
    for (int i = 0; i < LOG_RING_LINES + 5; i++) {
        snprintf(line, sizeof(line), "line %d", i);
        log_ring_put(&ring, line);
    }
    assert_string_equal(log_ring_line(&ring, 0), "line 68");
    assert_string_equal(log_ring_line(&ring, LOG_RING_LINES - 1), "line 5");
    assert_null(log_ring_line(&ring, LOG_RING_LINES));
    assert_null(log_ring_line(&ring, UINT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_as_documented),
        cmocka_unit_test(marks_what_was_cut),
        cmocka_unit_test(nothing_forges_a_line),
        cmocka_unit_test(keeps_the_last_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
