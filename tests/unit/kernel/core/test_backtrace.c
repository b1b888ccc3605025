/* SPDX-License-Identifier: GPL-2.0-only
 * Frame pointer walks over sound and broken stacks. */
#include "kernel/core/backtrace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t stack[32];

static bool readable(uint64_t start)
{
    return start >= (uint64_t)stack && start <= (uint64_t)(stack + 30);
}

static uint64_t address(size_t word)
{
    return (uint64_t)(stack + word);
}

static void frame(size_t word, uint64_t next, uint64_t back)
{
    stack[word] = next;
    stack[word + 1] = back;
}

static void walks_to_the_end(void **state)
{
    (void)state;
    uint64_t out[8];
    frame(2, address(6), 0x111);
    frame(6, address(10), 0x222);
    frame(10, 0, 0x333);
    assert_int_equal(backtrace_collect(address(2), readable, out, 8), 3);
    assert_true(out[0] == 0x111 && out[1] == 0x222 && out[2] == 0x333);
    assert_int_equal(backtrace_collect(address(2), readable, out, 2), 2);
}

static void survives_broken_chains(void **state)
{
    (void)state;
    uint64_t out[8];
    frame(2, address(2), 0x111); /* to itself */
    assert_int_equal(backtrace_collect(address(2), readable, out, 8), 1);
    frame(6, address(2), 0x222); /* downwards */
    assert_int_equal(backtrace_collect(address(6), readable, out, 8), 1);
    frame(2, address(6) + 4, 0x111); /* unaligned */
    assert_int_equal(backtrace_collect(address(2), readable, out, 8), 1);
    frame(2, UINT64_MAX - 7, 0x111); /* outside */
    assert_int_equal(backtrace_collect(address(2), readable, out, 8), 1);
    frame(2, address(31), 0x111); /* half outside */
    assert_int_equal(backtrace_collect(address(2), readable, out, 8), 1);
    frame(2, address(6), 0); /* the first frame of a stack */
    assert_int_equal(backtrace_collect(address(2), readable, out, 8), 0);
    assert_int_equal(backtrace_collect(0, readable, out, 8), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(walks_to_the_end), cmocka_unit_test(survives_broken_chains)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
