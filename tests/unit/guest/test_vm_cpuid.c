/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vm_cpuid.c: answers are remembered until they are to be forgotten, each for its own leaf and subleaf. */
#include "guest/vm_cpuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/bits.h"
#include "tests/fake/msr.h"

#define CR4_OSXSAVE BIT64(18)
#define LEAF1_OSXSAVE BIT32(27)
#define XSAVE_LEAF 0xd

static uint64_t cr4;

static uint64_t read_register(const struct vcpu *vcpu, enum vcpu_register which)
{
    (void)vcpu;
    return which == VCPU_CR4 ? cr4 : 0;
}

static const struct cpu_backend backend = {.name = "fake", .read = read_register};
static struct vm vm;
static struct vm_cpu cpu;

static int setup(void **state)
{
    (void)state;
    memset(&vm, 0, sizeof(vm));
    memset(&cpu, 0, sizeof(cpu));
    fake_msr_reset();
    cr4 = 0;
    vm.backend = &backend;
    vm.cpu_count = 1;
    cpu.vm = &vm;
    cpu.vcpu.backend = &backend;
    return 0;
}

static struct cpuid execute(uint32_t leaf, uint32_t subleaf)
{
    uint64_t *gprs = cpu.vcpu.gprs;
    gprs[VCPU_RAX] = BIT64(32) | leaf; /* upper halves are not looked at, and cleared */
    gprs[VCPU_RCX] = BIT64(33) | subleaf;
    vm_cpuid_execute(&cpu);
    assert_int_equal((gprs[VCPU_RAX] | gprs[VCPU_RBX] | gprs[VCPU_RCX] | gprs[VCPU_RDX]) >> 32, 0);
    return (struct cpuid){(uint32_t)gprs[VCPU_RAX], (uint32_t)gprs[VCPU_RBX], (uint32_t)gprs[VCPU_RCX],
                          (uint32_t)gprs[VCPU_RDX]};
}

static void answers_are_remembered(void **state)
{
    (void)state;
    fake_cpuid_set(2, (struct cpuid){.eax = 11});
    assert_int_equal(execute(2, 0).eax, 11);
    fake_cpuid_set(2, (struct cpuid){.eax = 22}); /* the CPU is not asked again */
    assert_int_equal(execute(2, 0).eax, 11);
    vm_cpuid_forget(&cpu);
    assert_int_equal(execute(2, 0).eax, 22);
}

/* Leaves 2, 0x12 (not offered) and 0x80000002 have one place together; 4 differs by its subleaf. */
static void places_are_shared_and_answers_are_not(void **state)
{
    (void)state;
    fake_cpuid_set(2, (struct cpuid){.eax = 11});
    fake_cpuid_set(0x80000002, (struct cpuid){.eax = 33});
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(execute(2, 0).eax, 11);
        assert_int_equal(execute(0x80000002, 0).eax, 33);
        assert_int_equal(execute(0x12, 0).eax, 0);
    }
    fake_cpuid_set(4, (struct cpuid){.eax = 0x21, .ebx = 5});
    assert_int_equal(execute(4, 0).ebx, 5);
    assert_int_equal(execute(4, 8).ebx, 0);
    assert_int_equal(execute(4, 0).ebx, 5);
}

static void nothing_is_known_at_first(void **state)
{
    (void)state;
    fake_cpuid_set(0, (struct cpuid){.eax = 7, .ebx = 1});
    assert_int_equal(execute(0, 0).eax, 7);
}

static void a_forgotten_cr4_shows(void **state)
{
    (void)state;
    fake_cpuid_set(1, (struct cpuid){.ecx = LEAF1_OSXSAVE});
    assert_int_equal(execute(1, 0).ecx & LEAF1_OSXSAVE, 0);
    cr4 = CR4_OSXSAVE;
    vm_cpuid_forget(&cpu);
    assert_int_equal(execute(1, 0).ecx & LEAF1_OSXSAVE, LEAF1_OSXSAVE);
}

/* Its sizes follow XCR0. */
static void the_xsave_leaf_is_asked_for_each_time(void **state)
{
    (void)state;
    for (uint32_t size = 576; size < 579; size++) {
        fake_cpuid_set(XSAVE_LEAF, (struct cpuid){.ebx = size});
        assert_int_equal(execute(XSAVE_LEAF, 0).ebx, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers_are_remembered, setup),
        cmocka_unit_test_setup(places_are_shared_and_answers_are_not, setup),
        cmocka_unit_test_setup(nothing_is_known_at_first, setup),
        cmocka_unit_test_setup(a_forgotten_cr4_shows, setup),
        cmocka_unit_test_setup(the_xsave_leaf_is_asked_for_each_time, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
