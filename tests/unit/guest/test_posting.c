/* SPDX-License-Identifier: GPL-2.0-only
 * Which messages are posted to whom; where notifications go while a vCPU runs, waits for its turn and sleeps. */
#include "guest/posting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest/vlapic_irq.h"
#include "kernel/core/cpu_feature.h"
#include "kernel/core/vectors.h"

#define CPUS 3

static struct vlapic lapics[CPUS];
static uint32_t pages[CPUS][LAPIC_SIZE / 4];
static struct vlapic *const list[CPUS] = {&lapics[0], &lapics[1], &lapics[2]};
static const struct vlapic_set set = {.lapics = list, .count = CPUS};

/* Flat logical ids: bit n for vCPU n. */
static int setup(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CPUS; i++) {
        struct vlapic_config c = {.page = pages[i], .id = i, .bootstrap = i == 0, .physical_bits = 40};
        vlapic_init(&lapics[i], &c);
        vlapic_write(&lapics[i], LAPIC_LDR, 4, UINT32_C(1) << (24 + i), 0);
    }
    return 0;
}

static void test_targets(void **state)
{
    (void)state;
    static const struct {
        uint64_t address;
        uint32_t data;
        int index; /* -1: not posted */
    } cases[] = {
        {0xfee00000, 0x0041, 0},  {0xfee02000, 0x0041, 2},  {0xfee02000, 0x0141, 2}, /* lowest priority among one */
        {0xfee02000, 0x000f, -1},                                                    /* illegal vector */
        {0xfee02000, 0x8041, -1},                                                    /* level */
        {0xfee02000, 0x0241, -1},                                                    /* SMI */
        {0xfee02000, 0x0441, -1},                                                    /* NMI */
        {0xfee02000, 0x0541, -1},                                                    /* INIT */
        {0xfee02000, 0x0741, -1},                                                    /* ExtINT */
        {0xfee03000, 0x0041, -1},                                                    /* nobody */
        {0xfeeff000, 0x0041, -1},                                                    /* everybody */
        {0xfee02004, 0x0041, 1},                                                     /* logical */
        {0xfee04004, 0x00ff, 2},  {0xfee06004, 0x0041, -1},                          /* two of them */
        {0xfee06004, 0x0141, -1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct apic_message m = apic_message_from_msi(cases[i].address, cases[i].data);
        size_t index = CPUS;
        bool posted = posting_target(&set, &m, &index);
        if (posted != (cases[i].index >= 0) || (posted && index != (size_t)cases[i].index)) {
            fail_msg("case %zu: %s %zu", i, posted ? "posted to" : "not posted", index);
        }
    }
}

/* A local APIC that is off takes nothing. */
static void test_disabled(void **state)
{
    (void)state;
    struct apic_message m = apic_message_from_msi(0xfee01000, 0x41);
    size_t index = 0;
    assert_true(posting_target(&set, &m, &index));
    assert_int_equal(vlapic_base_write(&lapics[1], LAPIC_DEFAULT_BASE), STATUS_OK);
    assert_false(posting_target(&set, &m, &index));
    m = apic_message_from_msi(0xfeeff000, 0x41);
    assert_int_equal(vlapic_base_write(&lapics[2], LAPIC_DEFAULT_BASE), STATUS_OK);
    assert_true(posting_target(&set, &m, &index)); /* a broadcast with one left */
    assert_int_equal(index, 0);
}

static void expect(const struct posted_descriptor *d, uint8_t vector, bool suppressed)
{
    assert_int_equal(posted_notify_vector(d), vector);
    assert_int_equal(posted_is_suppressed(d), suppressed);
    assert_int_equal(posted_apic_id(d, true), 7);
}

static void test_places(void **state)
{
    (void)state;
    static struct posted_descriptor d;
    posted_init(&d, VECTOR_POSTED, 7, true);
    posting_place(&d, POSTING_WAITS, 7, true);
    expect(&d, VECTOR_POSTED, true);
    assert_false(posted_set_vector(&d, 0x41)); /* its turn comes */
    posting_place(&d, POSTING_RUNS, 7, true);
    expect(&d, VECTOR_POSTED, false);
    assert_true(posted_is_pending(&d));
    uint32_t taken[8];
    assert_true(posted_take(&d, taken));
    posting_place(&d, POSTING_SLEEPS, 7, true);
    expect(&d, VECTOR_POSTED_WAKE, false);
    assert_true(posted_set_vector(&d, 0x41)); /* whoever posts wakes the CPU */
    posting_place(&d, POSTING_WAITS, 7, true);
    assert_true(posted_is_suppressed(&d) && posted_is_pending(&d));
    posting_place(&d, POSTING_SLEEPS, 7, true);
    expect(&d, VECTOR_POSTED_WAKE, false);
}

static void test_why_not(void **state)
{
    (void)state;
    const uint32_t posted = cpu_feature_bit(CPU_FEATURE_POSTED_INTERRUPTS);
    const uint32_t virtual = cpu_feature_bit(CPU_FEATURE_VIRTUAL_INTERRUPTS);
    const struct {
        struct posting_facts facts;
        const char *why;
    } cases[] = {
        {{true, 0, 1, 1}, NULL},
        {{true, 0, 3, 1}, NULL},
        {{false, 0, 1, 1}, "the CPU lacks"},
        {{true, 0, 1, 0}, "no remapping unit"},
        {{false, posted, 1, 1}, "names them"},
        {{false, virtual, 1, 1}, "need what"},
        {{false, posted | virtual, 1, 0}, "names them"},
        {{true, cpu_feature_bit(CPU_FEATURE_VPID), 1, 1}, NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *why = posting_why_not(&cases[i].facts);
        if (cases[i].why == NULL ? why != NULL : why == NULL || strstr(why, cases[i].why) == NULL) {
            fail_msg("case %zu: %s", i, why == NULL ? "used" : why);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_targets, setup),
        cmocka_unit_test_setup(test_disabled, setup),
        cmocka_unit_test_setup(test_places, setup),
        cmocka_unit_test_setup(test_why_not, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
