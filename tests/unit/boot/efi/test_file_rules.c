/* SPDX-License-Identifier: GPL-2.0-only
 * boot/efi/file_rules.c: sizes at their limits, and words that tell every refusal from the others. */
#include "boot/efi/file_rules.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(file_rules_size(0), STATUS_BAD_FORMAT);
    assert_int_equal(file_rules_size(1), STATUS_OK);
    assert_int_equal(file_rules_size(2 * GIB), STATUS_OK);
    assert_int_equal(file_rules_size(2 * GIB + 1), STATUS_OUT_OF_RANGE);
    assert_int_equal(file_rules_size(UINT64_MAX), STATUS_OUT_OF_RANGE);
}

static void test_words(void **state)
{
    (void)state;
    static const enum status all[] = {STATUS_NOT_FOUND, STATUS_NO_MEMORY,   STATUS_BAD_FORMAT, STATUS_OUT_OF_RANGE,
                                      STATUS_CONFLICT,  STATUS_UNSUPPORTED, STATUS_HARDWARE};
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        struct file_refusal mine = file_rules_refusal(all[i]);
        assert_true(strlen(mine.what) > 8 && strlen(mine.fix) > 8);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(mine.what, file_rules_refusal(all[j]).what);
        }
    }
    assert_string_equal(file_rules_refusal(file_rules_size(3 * GIB)).what, "it is larger than 2 GiB");
    assert_string_equal(file_rules_refusal(STATUS_TIMEOUT).what, "cannot be read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
