/* SPDX-License-Identifier: GPL-2.0-only
 * vmx/quirks.c: every Bochs model is known, CPUs of flesh are not. */
#include "vmx/quirks.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/fake/vmx_models.h"

static void test_models(void **state)
{
    (void)state;
    for (unsigned m = 0; m < VMX_MODEL_COUNT; m++) {
        struct vmx_capability c = vmx_model_capability(m);
        bool bochs = m <= VMX_MODEL_ICELAKE;
        assert_string_equal(vmx_quirks_find(&c)->name, bochs ? "bochs" : "none");
        assert_int_equal(vmx_quirks_find(&c)->delivers_blocked, bochs);
        assert_int_equal(vmx_quirks_find(&c)->holds_host, bochs);
    }
}

static void test_both_signs_are_asked_for(void **state)
{
    (void)state;
    const struct vmx_capability ice_lake = {.revision = 4, .vmcs_bytes = 1024};
    const struct vmx_capability kvm = {.revision = 0x11e57ed0, .vmcs_bytes = 4096};
    assert_string_equal(vmx_quirks_find(&ice_lake)->name, "none");
    assert_string_equal(vmx_quirks_find(&kvm)->name, "none");
}

static void test_host_has_its_turn(void **state)
{
    (void)state;
    uint64_t until = 0;
    assert_false(vmx_quirks_host_is_due(&until, false, 1000, 50));
    assert_int_equal(until, 0);
    assert_false(vmx_quirks_host_is_due(&until, true, 1000, 50));
    assert_int_equal(until, 1050);
    assert_false(vmx_quirks_host_is_due(&until, true, 1049, 50)); /* many short runs count together */
    assert_int_equal(until, 1050);
    assert_true(vmx_quirks_host_is_due(&until, true, 1050, 50));
    assert_false(vmx_quirks_host_is_due(&until, true, 1051, 50)); /* the clock starts anew */
    assert_int_equal(until, 1101);
    assert_false(vmx_quirks_host_is_due(&until, false, 1200, 50));
    assert_int_equal(until, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_host_has_its_turn),
        cmocka_unit_test(test_both_signs_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
