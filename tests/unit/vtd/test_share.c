/* SPDX-License-Identifier: GPL-2.0-only
 * vtd/share.c: each reason for which a unit cannot walk a guest's nested tables, alone. */
#include "vtd/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/lib/bits.h"

static const struct vtd_caps able = {
    .level_mask = 0x6, .address_bits = 48, .pages_2m = true, .pages_1g = true, .coherent = true, .snoop_control = true};
static const struct vtd_share wanted = {.levels = 4, .max_leaf = 3, .snoop = true, .end = BIT64(48)};

static void refuses(const struct vtd_caps *caps, const struct vtd_share *tables, const char *why)
{
    const char *got = vtd_share_refusal(caps, tables);
    if (why == NULL) {
        assert_null(got);
    } else {
        assert_non_null(got);
        assert_string_equal(got, why);
    }
}

static void what_a_unit_lacks(void **state)
{
    (void)state;
    struct vtd_caps c = able;
    refuses(&c, &wanted, NULL);
    c.level_mask = 0x2; /* 39 bits */
    refuses(&c, &wanted, "does not walk tables of as many levels");
    c.level_mask = 0xa; /* 39 and 57 bits: neither is four levels */
    refuses(&c, &wanted, "does not walk tables of as many levels");
    c = able;
    c.address_bits = 47;
    refuses(&c, &wanted, "cannot address the end of its RAM");
    c = able;
    c.pages_1g = false;
    refuses(&c, &wanted, "does not walk pages as large");
    c = able;
    c.pages_2m = false; /* 1 GiB alone does not count */
    refuses(&c, &wanted, "does not walk pages as large");
    c = able;
    c.coherent = false;
    refuses(&c, &wanted, "does not snoop the CPUs' caches when it walks");
    c = able;
    c.snoop_control = false;
    refuses(&c, &wanted, "has no snoop control");
}

static void what_the_tables_leave_out(void **state)
{
    (void)state;
    struct vtd_caps poor = {.level_mask = 0x4, .address_bits = 39};
    struct vtd_share modest = {.levels = 4, .max_leaf = 1, .flush = true, .end = BIT64(39)};
    refuses(&poor, &modest, NULL);
    modest.end++;
    refuses(&poor, &modest, "cannot address the end of its RAM");
    modest.end = 0;
    modest.max_leaf = 2;
    refuses(&poor, &modest, "does not walk pages as large");
    poor.pages_2m = true;
    refuses(&poor, &modest, NULL);
    struct vtd_share unsnooped = wanted;
    unsnooped.snoop = false; /* DMA then snoops as the device asks: allowed, its guest has a real WBINVD */
    refuses(&able, &unsnooped, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_unit_lacks),
        cmocka_unit_test(what_the_tables_leave_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
