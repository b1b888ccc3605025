/* SPDX-License-Identifier: GPL-2.0-only
 * The audit over what the product's own builders made, on the pretended machine: sound on every kind of CPU and unit,
 * with devices in use. `make seeded` breaks the builders one by one: this test has to fail with the finding's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/fake/made_guests.h"

static struct made_guests made;

static struct vtd_model_config caching(void)
{
    struct vtd_model_config config = vtd_model_full();
    config.cap |= 1u << 7;
    return config;
}

static const struct made_guests_kind kinds[] = {
    {"SVM on QEMU's unit", vtd_model_qemu, &radix_npt, 2, false},
    {"SVM, a unit with caching mode, a reserved region", caching, &radix_npt, 3, true},
    {"VMX, tables shared, interrupts posted", vtd_model_server, &radix_ept, 2, false},
    {"VMX in small pages, a reserved region", vtd_model_full, &radix_ept, 1, true},
};

static void expect_sound(const struct made_guests_kind *kind, const char *when)
{
    if (!made_guests_audit(&made, AUDIT_ALL) || !made_guests_audit(&made, MADE_OWNER_WEB) ||
        !made_guests_audit(&made, MADE_OWNER_STORE)) {
        fail_msg("%s, %s", kind->name, when);
    }
}

static void test_what_builders_make_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        made_guests_make(&made, &kinds[i]);
        expect_sound(&kinds[i], "made");
        made_guests_use_devices(&made);
        expect_sound(&kinds[i], "devices in use");
        made_guests_move_bar(&made);
        expect_sound(&kinds[i], "a BAR moved");
    }
}

/* The figures: nothing passes because nothing was looked at. */
static void test_everything_is_looked_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        made_guests_make(&made, &kinds[i]);
        made_guests_use_devices(&made);
        assert_true(made_guests_audit(&made, AUDIT_ALL));
        bool shared = made.guests[MADE_OWNER_WEB].domain.shared != NULL;
        assert_int_equal(shared, kinds[i].format == &radix_ept);
        assert_int_equal(made_guests_posts(&made), kinds[i].unit == vtd_model_server);
        assert_int_equal(made.result.contexts, 3);
        assert_int_equal(made.result.entries, 3);
        assert_true(made.result.nested >= 8 * MIB / PAGE_SIZE + 3 + 16); /* RAM, BARs but for the MSI-X page */
        assert_true(made.result.second >= 8 * MIB / PAGE_SIZE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_builders_make_is_sound),
        cmocka_unit_test(test_everything_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
