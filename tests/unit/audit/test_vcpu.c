/* SPDX-License-Identifier: GPL-2.0-only
 * audit/vcpu.c: what a vCPU's pointer to its nested tables may say. */
#include "audit/audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define WEB 0x1234000u
#define STORE 0x5678000u

enum { OWNER_EPT, OWNER_NPT, OWNER_DEVICES, OWNERS };

static const struct audit_owner owners[OWNERS] = {
    {.name = "web", .format = AUDIT_EPT, .root = WEB, .levels = 4},
    {.name = "store", .format = AUDIT_NPT, .root = STORE, .levels = 4},
    {.name = "firmware-0", .format = AUDIT_NO_TABLES},
};
static const struct audit_facts facts = {.owners = owners, .owner_count = OWNERS};

static enum audit_code check(uint32_t owner, bool nested, uint64_t pointer, uint32_t other)
{
    struct audit_finding f;
    const struct audit_vcpu vcpu = {.index = 3, .nested = nested, .pointer = pointer};
    bool good = audit_vcpu_check(&facts, owner, &vcpu, &f);
    assert_int_equal(good, f.code == AUDIT_OK);
    assert_int_equal(f.address, 3);
    assert_int_equal(f.value, pointer);
    assert_int_equal(f.owner, owner);
    assert_int_equal(f.other, other);
    return f.code;
}

static void test_its_own_tables_are_good(void **state)
{
    (void)state;
    assert_int_equal(check(OWNER_EPT, true, WEB | 0x1e, AUDIT_NOBODY), AUDIT_OK);
    assert_int_equal(check(OWNER_EPT, true, WEB | 0x5e, AUDIT_NOBODY), AUDIT_OK); /* accessed and dirty flags */
    assert_int_equal(check(OWNER_NPT, true, STORE, AUDIT_NOBODY), AUDIT_OK);
}

static void test_others_are_not(void **state)
{
    (void)state;
    assert_int_equal(check(OWNER_EPT, false, WEB | 0x1e, AUDIT_NOBODY), AUDIT_VCPU_OFF);
    assert_int_equal(check(OWNER_DEVICES, true, 0, AUDIT_NOBODY), AUDIT_VCPU_OFF);
    assert_int_equal(check(OWNER_EPT, true, STORE | 0x1e, OWNER_NPT), AUDIT_VCPU_ROOT);
    assert_int_equal(check(OWNER_NPT, true, WEB, OWNER_EPT), AUDIT_VCPU_ROOT);
    assert_int_equal(check(OWNER_NPT, true, 0, AUDIT_NOBODY), AUDIT_VCPU_ROOT);
    assert_int_equal(check(OWNERS, true, WEB, AUDIT_NOBODY), AUDIT_BAD_FACTS);
}

static void test_another_walk_is_not(void **state)
{
    (void)state;
    static const uint64_t bits[] = {0x16, 0x26, 0x18, 0x9e, 0x81e, UINT64_C(1) << 60 | 0x1e};
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        assert_int_equal(check(OWNER_EPT, true, WEB | bits[i], AUDIT_NOBODY), AUDIT_VCPU_MODE);
    }
    assert_int_equal(check(OWNER_NPT, true, STORE | 0x10, AUDIT_NOBODY), AUDIT_VCPU_MODE);
    assert_int_equal(check(OWNER_NPT, true, STORE | UINT64_C(1) << 52, AUDIT_NOBODY), AUDIT_VCPU_MODE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_its_own_tables_are_good),
        cmocka_unit_test(test_others_are_not),
        cmocka_unit_test(test_another_walk_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
