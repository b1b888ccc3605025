/* SPDX-License-Identifier: GPL-2.0-only
 * Which messages are posted to whom; where notifications go while a vCPU runs, waits for its turn and sleeps. */
#include "guest/posting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

static void test_use(void **state)
{
    (void)state;
    const uint32_t posted = cpu_feature_bit(CPU_FEATURE_POSTED_INTERRUPTS);
    const uint32_t virtual = cpu_feature_bit(CPU_FEATURE_VIRTUAL_INTERRUPTS);
    const struct {
        struct posting_facts facts;
        enum posting_use use;
        const char *text;
    } cases[] = {
        {{true, 0, 1}, POSTING_BY_BOTH, "yes"},
        {{true, cpu_feature_bit(CPU_FEATURE_VPID), 3}, POSTING_BY_BOTH, "yes"},
        {{true, 0, 0}, POSTING_BY_CPUS, "no remapping unit"},
        {{false, 0, 1}, POSTING_BY_UNITS, "each is an exit"},
        {{false, virtual, 1}, POSTING_BY_UNITS, "each is an exit"},
        {{false, 0, 0}, POSTING_NONE, "no (the CPU lacks"},
        {{false, virtual, 0}, POSTING_NONE, "no (they need what"},
        {{true, posted, 1}, POSTING_NONE, "no (system.without names"},
        {{false, posted | virtual, 1}, POSTING_NONE, "no (system.without names"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(posting_use(&cases[i].facts), cases[i].use);
        if (strstr(posting_text(&cases[i].facts), cases[i].text) == NULL) {
            fail_msg("case %zu: %s", i, posting_text(&cases[i].facts));
        }
    }
}

static uint32_t with_everything(void)
{
    return UINT32_MAX;
}

/* The facts, from a backend and from units that differ. */
static void test_facts(void **state)
{
    (void)state;
    static const struct cpu_backend able = {.features = with_everything};
    static const struct cpu_backend unable = {.name = "svm"};
    static struct vtd_unit units[3] = {{.remapping = true, .caps.posting = true},
                                       {.remapping = false, .caps.posting = true}, /* remapping is off by a quirk */
                                       {.remapping = true}};
    struct vtd vtd = {.units = units, .count = 3};
    struct posting_facts facts = posting_facts_of(&able, 5, &vtd);
    assert_true(facts.cpu && facts.without == 5 && facts.units_posting == 1);
    facts = posting_facts_of(&unable, 0, &vtd);
    assert_true(!facts.cpu && facts.units_posting == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_targets, setup), cmocka_unit_test_setup(test_disabled, setup),
        cmocka_unit_test_setup(test_places, setup),  cmocka_unit_test_setup(test_use, setup),
        cmocka_unit_test_setup(test_facts, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
