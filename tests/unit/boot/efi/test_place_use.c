/* SPDX-License-Identifier: GPL-2.0-only
 * boot/efi/place_use.c: what becomes of every kind of memory. */
#include "boot/efi/place.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_uses_of_memory(void **state)
{
    (void)state;
    static const char expected[] = "TPPPPTTFTTTTTTTT"; /* types 0 to 15: taken, passing, free */
    for (uint32_t type = 0; type < 16; type++) {
        assert_int_equal("FPT"[place_use_of(type)], expected[type]);
    }
    assert_int_equal(place_use_of(0x80000000), PLACE_TAKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uses_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
