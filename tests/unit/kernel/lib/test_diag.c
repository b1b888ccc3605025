/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/lib/diag.c: nothing is lost silently, and the printed line is stable. */
#include "kernel/lib/diag.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static void prints_lines(void **state)
{
    (void)state;
    struct diag items[2];
    struct diag_list list = diag_list_make(items, 2);
    diag_add(&list, 104, DIAG_ERROR, "DMAR offset 0x30", "update the firmware", "length %u runs past the table", 99U);
    diag_add(&list, 7, DIAG_NOTE, "", "", "odd");
    char line[128];
    size_t length = diag_line(&items[0], line, sizeof(line));
    assert_string_equal(line,
                        "error[BH0104] DMAR offset 0x30: length 99 runs past the table; fix: update the firmware");
    assert_int_equal(length, strlen(line));
    diag_line(&items[1], line, sizeof(line));
    assert_string_equal(line, "note[BH0007] odd");
    assert_int_equal(diag_line(&items[0], line, 10), length);
    assert_string_equal(line, "error[BH0");
}

static void counts_what_it_drops(void **state)
{
    (void)state;
    struct diag items[1];
    struct diag_list list = diag_list_make(items, 1);
    diag_add(&list, 1, DIAG_WARNING, "a", "", "first");
    diag_add(&list, 2, DIAG_ERROR, "b", "", "second");
    diag_add(&list, 3, DIAG_NOTE, "c", "", "third");
    assert_int_equal(list.count, 1);
    assert_int_equal(list.dropped, 2);
    assert_int_equal(list.errors, 1);
    assert_int_equal(items[0].code, 1);
    struct diag_list none = diag_list_make(NULL, 0);
    diag_add(&none, 1, DIAG_ERROR, "", "", "x");
    assert_int_equal(none.errors, 1);
    assert_int_equal(none.dropped, 1);
}

static void cuts_long_texts(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    struct diag item;
    struct diag_list list = diag_list_make(&item, 1);
    diag_add(&list, 1, DIAG_ERROR, text, text, "%s", text);
    assert_int_equal(strlen(item.where), DIAG_WHERE_SIZE - 1);
    assert_int_equal(strlen(item.what), DIAG_TEXT_SIZE - 1);
    assert_int_equal(strlen(item.fix), DIAG_TEXT_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_lines),
        cmocka_unit_test(counts_what_it_drops),
        cmocka_unit_test(cuts_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
