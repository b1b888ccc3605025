/* SPDX-License-Identifier: GPL-2.0-only
 * xAPIC or x2APIC: every fact that counts, alone and against the others. */
#include "kernel/core/apic_mode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_choice(void **state)
{
    (void)state;
    static const struct {
        struct apic_mode_facts facts;
        const char *why; /* NULL: x2APIC */
    } cases[] = {
        {{.cpu = true, .units = true}, NULL},
        {{.units = true}, "the CPU lacks"},
        {{.cpu = true}, "32-bit"},
        {{.cpu = true, .units = true, .opt_out = true}, "firmware"},
        {{.cpu = true, .units = true, .refused = true}, "command line"},
        {{.on = true}, NULL},
        {{.needed = true}, NULL},
        {{.asked = true}, NULL}, /* and refused later, by name */
        {{.cpu = true, .on = true, .opt_out = true, .refused = true}, NULL},
        {{.needed = true, .refused = true}, NULL},
        {{0}, "the CPU lacks"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *why = apic_mode_why_not_x2apic(&cases[i].facts);
        if (cases[i].why == NULL ? why != NULL : why == NULL || strstr(why, cases[i].why) == NULL) {
            fail_msg("case %zu: %s", i, why == NULL ? "x2APIC" : why);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_choice)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
