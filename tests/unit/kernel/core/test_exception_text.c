/* SPDX-License-Identifier: GPL-2.0-only
 * What a panic says of an exception. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/exception.h"
#include "kernel/core/stack_layout.h"

static char text[200];

static const char *explain(uint64_t vector, uint64_t error, uint64_t address)
{
    exception_explain(vector, error, address, 4, text, sizeof(text));
    return text;
}

static void names_faults(void **state)
{
    (void)state;
    assert_string_equal(explain(6, 0, 0), "invalid opcode (#UD), error code 0x0");
    assert_string_equal(explain(13, 0x18, 0), "general protection (#GP), error code 0x18");
    assert_string_equal(explain(31, 0, 0), "reserved exception, error code 0x0");
    assert_string_equal(exception_name(UINT64_MAX), "reserved exception");
    assert_string_equal(explain(14, 2, 0x10), "page fault (#PF): write at 0x10: not mapped (error code 0x2)");
    assert_string_equal(explain(14, 0x11, 0x10),
                        "page fault (#PF): execution at 0x10: not allowed there (error code 0x11)");
    assert_string_equal(explain(14, 9, 0x10),
                        "page fault (#PF): read at 0x10: reserved bit in a page table (error code 0x9)");
}

static void names_guard_pages(void **state)
{
    (void)state;
    uint64_t guard = stack_layout_place(2, STACK_NORMAL).low - 8;
    explain(8, 0, guard);
    assert_non_null(strstr(text, "stack guard page: the kernel stack of CPU 2 overflowed"));
    explain(14, 2, stack_layout_place(1, STACK_NMI).low - 8);
    assert_non_null(strstr(text, "stack guard page: the NMI stack of CPU 1 overflowed"));
    explain(14, 2, guard + 8); /* on the stack itself: another story */
    assert_null(strstr(text, "guard"));
    explain(13, 0, guard); /* CR2 means nothing here */
    assert_null(strstr(text, "guard"));
    assert_string_equal(explain(8, 0, 0x1234), "double fault (#DF), CR2 0x1234");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_faults), cmocka_unit_test(names_guard_pages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
