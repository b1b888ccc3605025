/* SPDX-License-Identifier: GPL-2.0-only
 * guest/cpuid.c: what is not listed reads 0, whatever the host says. */
#include "guest/cpuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/bits.h"

static const struct cpuid full = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
static const struct cpuid_context plain = {.cpu_index = 2, .cpu_count = 4};

static bool zero(struct cpuid c)
{
    return (c.eax | c.ebx | c.ecx | c.edx) == 0;
}

static void test_unlisted_leaves_read_zero(void **state)
{
    (void)state;
    static const uint32_t listed[] = {0,          1,          2,          4,          7,          0xb,
                                      0xd,        0x40000000, 0x80000000, 0x80000001, 0x80000002, 0x80000003,
                                      0x80000004, 0x80000005, 0x80000006, 0x80000007, 0x80000008};
    static const uint32_t bases[] = {0, 0x40000000, 0x40000100, 0x80000000, 0x8fffff00, 0xc0000000, 0xffffff00};
    for (size_t b = 0; b < ARRAY_LENGTH(bases); b++) {
        for (uint32_t i = 0; i < 0x100; i++) {
            bool known = false;
            for (size_t k = 0; k < ARRAY_LENGTH(listed); k++) {
                known |= listed[k] == bases[b] + i;
            }
            assert_int_equal(zero(cpuid_filter(bases[b] + i, 0, full, &plain)), !known);
        }
    }
    assert_true(zero(cpuid_filter(7, 1, full, &plain)));
    assert_true(zero(cpuid_filter(0xd, 64, full, &plain)));
}

static void test_limits(void **state)
{
    (void)state;
    assert_int_equal(cpuid_filter(0, 0, full, &plain).eax, 0xd);
    assert_int_equal(cpuid_filter(0, 0, (struct cpuid){7, 1, 2, 3}, &plain).eax, 7);
    assert_int_equal(cpuid_filter(0, 0, (struct cpuid){7, 1, 2, 3}, &plain).edx, 3);
    assert_int_equal(cpuid_filter(0x80000000, 0, full, &plain).eax, 0x80000008);
}

static void test_dangerous_bits_are_gone(void **state)
{
    (void)state;
    struct cpuid one = cpuid_filter(1, 0, full, &plain);
    assert_int_equal(one.ecx & (1 << 3 | 1 << 5 | 1 << 6 | 1 << 2 | 1 << 7 | 1 << 8 | 1 << 15 | 1 << 24), 0);
    assert_int_equal(one.edx & (1 << 7 | 1 << 14 | 1 << 21 | 1 << 22 | 1 << 29), 0); /* MCE MCA DS ACPI TM */
    struct cpuid seven = cpuid_filter(7, 0, full, &plain);
    assert_int_equal(seven.eax, 0);
    assert_int_equal(seven.ebx & (1 << 1 | 1 << 2 | 1 << 4 | 1 << 11 | 1 << 12 | 1 << 14 | 1 << 15 | 1 << 25), 0);
    assert_int_equal(seven.ecx & (1 << 3 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 16 | 1 << 30), 0);
    assert_int_equal(seven.edx & (3u << 26 | 7u << 28 | 1 << 18 | 1 << 19), 0);
    struct cpuid extended = cpuid_filter(0x80000001, 0, full, &plain);
    assert_int_equal(extended.ecx & (1 << 2 | 1 << 3 | 1 << 10 | 1 << 12 | 1 << 13 | 1 << 15 | 7 << 22 | 1 << 29), 0);
    assert_int_equal(extended.edx & 1 << 25, 0); /* FFXSR */
    assert_int_equal(cpuid_filter(0x80000007, 0, full, &plain).edx, 1 << 8);
    assert_int_equal(cpuid_filter(0x80000008, 0, full, &plain).ebx, 0);
}

static void test_leaf_one_is_the_guests(void **state)
{
    (void)state;
    struct cpuid_context c = plain;
    struct cpuid one =
        cpuid_filter(1, 0, (struct cpuid){0x800f12, 0x07081234, 1 << 27 | 1 << 24 | 1 << 21, 1 << 28}, &c);
    assert_int_equal(one.eax, 0x800f12);
    assert_int_equal(one.ebx, 0x02041200);
    assert_int_equal(one.ecx, 1u << 31); /* hypervisor; host's OSXSAVE, TSC deadline and x2APIC do not show */
    assert_int_equal(one.edx, 1 << 28);
    c = (struct cpuid_context){.cpu_count = 1, .cr4 = 1 << 18, .x2apic = true, .tsc_deadline = true};
    one = cpuid_filter(1, 0, (struct cpuid){0}, &c);
    assert_int_equal(one.ecx, 1u << 31 | 1 << 27 | 1 << 24 | 1 << 21);
    assert_int_equal(one.edx, 0);
    assert_int_equal(cpuid_filter(1, 0, full, &plain).edx & 1 << 9, 1 << 9);
    c = (struct cpuid_context){.cpu_count = 1, .apic_off = true};
    assert_int_equal(cpuid_filter(1, 0, full, &c).edx & 1 << 9, 0);
}

static void test_signature(void **state)
{
    (void)state;
    struct cpuid c = cpuid_filter(CPUID_HYPERVISOR_LEAF, 0, full, &plain);
    char text[12];
    memcpy(text, &c.ebx, 4);
    memcpy(text + 4, &c.ecx, 4);
    memcpy(text + 8, &c.edx, 4);
    assert_string_equal(text, "BulkheadVMM");
    assert_int_equal(c.eax, CPUID_HYPERVISOR_LEAF);
}

static void test_topology(void **state)
{
    (void)state;
    struct cpuid thread = cpuid_filter(0xb, 0, full, &plain);
    assert_int_equal(thread.eax, 0);
    assert_int_equal(thread.ebx, 1);
    assert_int_equal(thread.ecx, 0x100);
    assert_int_equal(thread.edx, 2);
    struct cpuid_context three = {.cpu_index = 2, .cpu_count = 3};
    struct cpuid core = cpuid_filter(0xb, 1, full, &three);
    assert_int_equal(core.eax, 2);
    assert_int_equal(core.ebx, 3);
    assert_int_equal(core.ecx, 0x201);
    assert_true(zero(cpuid_filter(0xb, 2, full, &plain)));
    assert_int_equal(cpuid_filter(0x80000008, 0, full, &plain).ecx, 3);
}

static void test_caches(void **state)
{
    (void)state;
    struct cpuid l1 = cpuid_filter(4, 0, (struct cpuid){0xfc004121, 1, 2, 3}, &plain);
    assert_int_equal(l1.eax, 3u << 26 | 0x121);
    struct cpuid l3 = cpuid_filter(4, 3, (struct cpuid){0xfc1fc163, 1, 2, 3}, &plain);
    assert_int_equal(l3.eax, 3u << 26 | 3 << 14 | 0x163);
    assert_true(zero(cpuid_filter(4, 4, (struct cpuid){0x20, 1, 2, 3}, &plain)));
}

/* An instruction that guests cannot execute is not announced, and nothing else changes. */
static void test_lacking_instructions_are_hidden(void **state)
{
    (void)state;
    static const struct {
        unsigned lacks;
        uint32_t ebx7, ecx7, edx1, eaxd;
    } cases[] = {
        {VCPU_RDTSCP, 0, BIT32(22), BIT32(27), 0},
        {VCPU_INVPCID, BIT32(10), 0, 0, 0},
        {VCPU_XSAVES, 0, 0, 0, BIT32(1) | BIT32(3)},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct cpuid_context c = plain;
        c.lacks = cases[i].lacks;
        struct cpuid seven = cpuid_filter(7, 0, full, &plain), less = cpuid_filter(7, 0, full, &c);
        assert_int_equal(seven.ebx ^ less.ebx, cases[i].ebx7);
        assert_int_equal(seven.ecx ^ less.ecx, cases[i].ecx7);
        uint32_t one = cpuid_filter(0x80000001, 0, full, &plain).edx;
        assert_int_equal(one ^ cpuid_filter(0x80000001, 0, full, &c).edx, cases[i].edx1);
        uint32_t d = cpuid_filter(0xd, 1, full, &plain).eax;
        assert_int_equal(d ^ cpuid_filter(0xd, 1, full, &c).eax, cases[i].eaxd);
    }
}

static void test_xsave(void **state)
{
    (void)state;
    assert_int_equal(cpuid_filter(0xd, 0, full, &plain).eax, 0xe7);
    assert_int_equal(cpuid_filter(0xd, 0, full, &plain).edx, 0);
    assert_int_equal(cpuid_filter(0xd, 1, full, &plain).eax, 0xf);
    assert_int_equal(cpuid_filter(0xd, 1, full, &plain).ebx, full.ebx);
    assert_int_equal(cpuid_filter(0xd, 1, (struct cpuid){.eax = 5, .ebx = 9}, &plain).ebx, 0);
    assert_int_equal(cpuid_filter(0xd, 1, full, &plain).ecx, 0); /* no supervisor state */
    assert_false(zero(cpuid_filter(0xd, 2, full, &plain)));
    static const uint32_t hidden[] = {3, 4, 8, 9, 10, 11, 12, 17, 18, 34, 39, 63};
    for (size_t i = 0; i < ARRAY_LENGTH(hidden); i++) {
        assert_true(zero(cpuid_filter(0xd, hidden[i], full, &plain)));
    }
    assert_int_equal(cpuid_xcr0_allowed(UINT64_MAX), 0xe7);
    assert_int_equal(cpuid_xcr0_allowed(7), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unlisted_leaves_read_zero),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_dangerous_bits_are_gone),
        cmocka_unit_test(test_leaf_one_is_the_guests),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_topology),
        cmocka_unit_test(test_caches),
        cmocka_unit_test(test_xsave),
        cmocka_unit_test(test_lacking_instructions_are_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
