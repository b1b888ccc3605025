/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/core/topology.c: bits of an APIC id that number a core's threads. */
#include "kernel/core/topology.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define THREAD (UINT32_C(1) << 8)
#define CORE (UINT32_C(2) << 8)

static void by_either_leaf(void **state)
{
    (void)state;
    const struct cpuid none = {0};
    const struct cpuid two = {.eax = 1, .ebx = 2, .ecx = THREAD}, four = {.eax = 2, .ebx = 4, .ecx = THREAD};
    assert_int_equal(topology_thread_bits(none, none), 0);
    assert_int_equal(topology_thread_bits(none, two), 1);
    assert_int_equal(topology_thread_bits(four, two), 2);
    assert_int_equal(topology_thread_bits(four, none), 2);
}

static void what_says_nothing_is_not_believed(void **state)
{
    (void)state;
    const struct cpuid two = {.eax = 1, .ebx = 2, .ecx = THREAD};
    const struct cpuid core = {.eax = 3, .ebx = 8, .ecx = CORE}, empty = {.eax = 1, .ecx = THREAD};
    const struct cpuid one = {.eax = 0, .ebx = 1, .ecx = THREAD};
    assert_int_equal(topology_thread_bits(core, two), 1);
    assert_int_equal(topology_thread_bits(empty, core), 0);
    assert_int_equal(topology_thread_bits(one, two), 0);
    assert_int_equal(topology_thread_bits((struct cpuid){.eax = 0xffffffe1, .ebx = 2, .ecx = THREAD}, two), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_either_leaf),
        cmocka_unit_test(what_says_nothing_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
