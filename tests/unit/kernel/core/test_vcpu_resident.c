/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/core/vcpu_resident.c: x87 state of two vCPUs on one CPU, loaded always or where it differs. */
#include "kernel/core/vcpu_resident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/pages.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/memory_map.h"
#include "tests/fake/memory.h"
#include "tests/fake/msr.h"
#include "tests/fake/xstate.h"

#define ST_LAST 159 /* the last byte that belongs to x87 */

static struct vcpu a, b;

static int setup(void **state)
{
    (void)state;
    struct memory_map map = {.count = 0};
    fake_memory_reset(MIB, MIB);
    assert_int_equal(memory_map_add(&map, MIB, MIB, MEMORY_RAM), STATUS_OK);
    assert_int_equal(pages_init(&map), STATUS_OK);
    fake_msr_reset();
    fake_cpuid_set(1, (struct cpuid){.ecx = BIT32(26)});
    fake_cpuid_set(0xd, (struct cpuid){.eax = 7, .ecx = 832});
    a = b = (struct vcpu){.cpu = 0};
    vcpu_resident_cpu_enable(0);
    assert_int_equal(vcpu_resident_init(&a), STATUS_OK);
    assert_int_equal(vcpu_resident_init(&b), STATUS_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vcpu_resident_free(&a);
    vcpu_resident_free(&b);
    vcpu_resident_spare_x87(false);
    return 0;
}

/* How often x87 state was loaded for that vCPU to run. */
static unsigned loads(struct vcpu *vcpu)
{
    unsigned before = fake_x87()->loads;
    vcpu_resident_load(vcpu);
    return fake_x87()->loads - before;
}

static void always_unless_it_is_to_be_spared(void **state)
{
    (void)state;
    assert_int_equal(loads(&a), 1);
    assert_int_equal(loads(&a), 0); /* it holds the CPU */
    assert_int_equal(loads(&b), 1);
    assert_int_equal(loads(&a), 1);
}

static void where_it_differs(void **state)
{
    (void)state;
    vcpu_resident_spare_x87(true);
    vcpu_resident_load(&a);
    assert_int_equal(loads(&b), 0);
    assert_int_equal(loads(&a), 0);
    for (unsigned at = 0; at <= ST_LAST; at += at == 23 ? 9 : 1) { /* MXCSR is not x87's */
        fake_x87()->registers[at] ^= 0x5a;                         /* by a, which runs */
        uint8_t of_a = fake_x87()->registers[at];
        assert_int_equal(loads(&b), 1);
        assert_int_not_equal(fake_x87()->registers[at], of_a);
        assert_int_equal(loads(&a), 1);
        assert_int_equal(fake_x87()->registers[at], of_a);
    }
}

/* What ran since the CPU's state was last saved is not known. */
static void what_ran_is_not_taken_for_what_was_saved(void **state)
{
    (void)state;
    vcpu_resident_spare_x87(true);
    vcpu_resident_load(&a);
    vcpu_resident_store(&a);
    assert_int_equal(loads(&a), 0); /* nobody ran in between */
    fake_x87()->registers[40] = 0x77;
    vcpu_resident_reset(&a); /* an INIT: the CPU still holds what a had */
    assert_int_equal(loads(&b), 1);
    assert_int_equal(fake_x87()->registers[40], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(always_unless_it_is_to_be_spared, setup, teardown),
        cmocka_unit_test_setup_teardown(where_it_differs, setup, teardown),
        cmocka_unit_test_setup_teardown(what_ran_is_not_taken_for_what_was_saved, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
