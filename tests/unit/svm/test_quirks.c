/* SPDX-License-Identifier: GPL-2.0-only
 * svm/quirks.c: which machine gets which repair. */
#include "svm/quirks.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

static struct cpuid signature(const char *text)
{
    struct cpuid c = {.eax = 0x40000001};
    memcpy(&c.ebx, text, 4);
    memcpy(&c.ecx, text + 4, 4);
    memcpy(&c.edx, text + 8, 4);
    return c;
}

static const struct cpuid virtual = {.ecx = 0x80000000};
static const struct cpuid real = {.ecx = 0x7fffffff};

static void tcg_is_repaired(void **state)
{
    (void)state;
    const struct svm_quirks *q = svm_quirks_find(virtual, signature("TCGTCGTCGTCG"));
    assert_string_equal(q->name, "tcg");
    assert_true(q->rewrite_cr8);
    assert_true(q->software_injection);
    assert_true(q->loses_shadow);
    assert_true(q->spares_x87);
    assert_true(q->backup_tick_us > 0);
}

static void others_are_left_alone(void **state)
{
    (void)state;
    static const char *const names[] = {"KVMKVMKVM\0\0\0", "Microsoft Hv", "TCGTCGTCGTC\0", "\0\0\0\0\0\0\0\0\0\0\0\0"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const struct svm_quirks *q = svm_quirks_find(virtual, signature(names[i]));
        assert_string_equal(q->name, "none");
        assert_false(q->rewrite_cr8);
        assert_false(q->spares_x87);
        assert_false(q->software_injection);
        assert_int_equal(q->backup_tick_us, 0);
    }
}

static void a_real_cpu_has_no_signature(void **state)
{
    (void)state;
    assert_string_equal(svm_quirks_find(real, signature("TCGTCGTCGTCG"))->name, "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcg_is_repaired),
        cmocka_unit_test(others_are_left_alone),
        cmocka_unit_test(a_real_cpu_has_no_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
