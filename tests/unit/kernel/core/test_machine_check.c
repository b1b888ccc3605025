/* SPDX-License-Identifier: GPL-2.0-only
 * Machine-check banks over pretended MSRs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/core/machine_check.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "tests/fake/log.h"

static struct {
    bool has_banks;
    uint64_t capability, global, status[2], address[2];
} cpu;

struct cpuid cpu_cpuid(uint32_t leaf, uint32_t subleaf)
{
    (void)subleaf;
    return (struct cpuid){.edx = leaf == 1 && cpu.has_banks ? 1u << 14 : 0};
}

static uint64_t *find(uint32_t msr)
{
    switch (msr) {
    case 0x17a:
        return &cpu.global;
    case 0x401:
        return &cpu.status[0];
    case 0x402:
        return &cpu.address[0];
    case 0x405:
        return &cpu.status[1];
    case 0x406:
        return &cpu.address[1];
    default:
        fail_msg("MSR 0x%x does not exist", msr);
        return NULL;
    }
}

uint64_t msr_read(uint32_t msr)
{
    return msr == 0x179 ? cpu.capability : *find(msr);
}

void msr_write(uint32_t msr, uint64_t value)
{
    *find(msr) = value;
}

static int reset(void **state)
{
    (void)state;
    cpu.has_banks = true;
    cpu.capability = 2;
    cpu.global = 5; /* in progress, instruction pointer valid */
    cpu.status[0] = cpu.status[1] = 0;
    fake_log_reset();
    return 0;
}

static void goes_on_when_the_context_is_whole(void **state)
{
    (void)state;
    cpu.status[1] = 0x8400000000000135;
    cpu.address[1] = 0x1234000;
    assert_true(machine_check_take("guest storage"));
    assert_int_equal(cpu.status[1], 0);
    assert_int_equal(cpu.global, 0);
    assert_int_equal(fake_log_count("while guest storage ran bank=1 status=0x8400000000000135 address=0x1234000"), 1);
}

static void stops_when_the_context_is_corrupt(void **state)
{
    (void)state;
    cpu.status[0] = 0x8200000000000135;
    assert_false(machine_check_take("guest storage"));
    assert_int_equal(cpu.status[0], 0);
}

static void stops_when_it_cannot_be_gone_back_to(void **state)
{
    (void)state;
    cpu.global = 4;
    assert_false(machine_check_take("guest storage"));
    cpu.has_banks = false;
    assert_false(machine_check_take("guest storage"));
}

#define UNCORRECTED UINT64_C(0xb400000000000134) /* valid, enabled, address */
#define SRAR (UNCORRECTED | UINT64_C(3) << 55)   /* signalled, action required */
#define CONTEXT_CORRUPT (UNCORRECTED | UINT64_C(1) << 57)
#define CORRECTED UINT64_C(0x9400000000000134)

/* Broadcast: banks as they are, and nothing is logged. */
static void others_errors_are_others(void **state)
{
    (void)state;
    assert_true(machine_check_is_others());
    assert_int_equal(cpu.global, 0);
    cpu.global = 5;
    cpu.status[0] = CORRECTED;
    assert_true(machine_check_is_others());
    cpu.global = 5;
    cpu.capability = 2 | 1 << 24;
    cpu.status[1] = SRAR; /* of the thread beside */
    assert_true(machine_check_is_others());
    assert_int_equal(cpu.status[1], SRAR);
    assert_int_equal(cpu.status[0], CORRECTED);
}

static void own_errors_are_not(void **state)
{
    (void)state;
    cpu.status[1] = UNCORRECTED; /* on a CPU that does not say whose it is */
    assert_false(machine_check_is_others());
    cpu.capability = 2 | 1 << 24;
    cpu.status[1] = CONTEXT_CORRUPT;
    assert_false(machine_check_is_others());
    cpu.status[1] = SRAR;
    cpu.global = 7; /* the instruction met it */
    assert_false(machine_check_is_others());
    cpu.status[1] = 0; /* the thread beside was faster with the bank */
    assert_false(machine_check_is_others());
    cpu.global = 4;
    assert_false(machine_check_is_others());
    assert_int_equal(cpu.global, 4);
    cpu.global = 5;
    cpu.has_banks = false;
    assert_false(machine_check_is_others());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(goes_on_when_the_context_is_whole, reset),
        cmocka_unit_test_setup(stops_when_the_context_is_corrupt, reset),
        cmocka_unit_test_setup(stops_when_it_cannot_be_gone_back_to, reset),
        cmocka_unit_test_setup(others_errors_are_others, reset),
        cmocka_unit_test_setup(own_errors_are_not, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
