/* SPDX-License-Identifier: GPL-2.0-only
 * The model's invalidation queue and fault records, against VT-d 4.1 6.5.2, 7.2 and 11.4.7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fake/vtd_raw.h"

static struct vtd_machine mc;

static struct vtd_model *translating(struct vtd_model_config c)
{
    vtd_machine_end(&mc);
    struct vtd_model *m = vtd_raw_start(&mc, &c);
    vtd_raw_translate(&mc);
    assert_null(vtd_model_violation(m));
    return m;
}

static void test_wait(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu());
    assert_true(vtd_raw_submit(&mc, UINT64_C(0xcafe00000025), RAW_STATUS));
    assert_int_equal(vtd_machine_load64(&mc, RAW_STATUS), 0xcafe);
    vtd_raw_write(&mc, 0xa4, 4, 0x41);       /* IEDATA */
    vtd_raw_write(&mc, 0xa8, 4, 0xfee00000); /* IEADDR */
    vtd_raw_write(&mc, 0xa0, 4, 0);          /* IECTL: unmask */
    assert_true(vtd_raw_submit(&mc, 0x15, 0));
    assert_int_equal(mc.interrupts, 1);
    assert_int_equal(mc.interrupt_data, 0x41);
    assert_int_equal(vtd_raw_read(&mc, 0x9c, 4), 1);
    vtd_raw_write(&mc, 0x9c, 4, 1);
    assert_int_equal(vtd_raw_read(&mc, 0x9c, 4), 0);
    assert_null(vtd_model_violation(m));
}

static void test_ring_wraps(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu());
    for (unsigned i = 0; i < 600; i++) {
        assert_true(vtd_raw_submit(&mc, (uint64_t)i << 32 | 0x25, RAW_STATUS));
        assert_int_equal(vtd_machine_load64(&mc, RAW_STATUS), i);
    }
    assert_int_equal(m->descriptors, 602);
    assert_null(vtd_model_violation(m));
}

static void test_bad_descriptors(void **state)
{
    (void)state;
    static const uint64_t cases[][2] = {
        {0x0, 0},          /* no type */
        {0x6, 0},          /* scalable mode only */
        {0x1, 0},          /* context cache, granularity 0 */
        {0x111, 0},        /* reserved bit 8 */
        {0x11, 1},         /* high half */
        {0x2, 0},          /* IOTLB, granularity 0 */
        {0x50032, 0x2080}, /* reserved bit 7 */
        {0x50032, 19},     /* AM beyond MAMV (18) */
        {0x13, 0},         /* device TLB without DT */
        {0x24, 0},         /* interrupt entries, reserved bit 5 */
        {0x125, 0x1},      /* wait, reserved */
        {0x25, 0x600000000},
        {0x10000000014 | UINT64_C(1) << 48, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vtd_model *m = translating(vtd_model_qemu());
        uint64_t at = vtd_raw_read(&mc, 0x80, 8);
        assert_false(vtd_raw_submit(&mc, cases[i][0], cases[i][1]));
        assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4) & 0x10, 0x10);
        assert_int_equal(vtd_raw_read(&mc, 0x80, 8), at); /* the head names it */
        assert_non_null(vtd_model_violation(m));
        vtd_machine_store64(&mc, RAW_QUEUE + at, 0x11); /* mended */
        vtd_machine_store64(&mc, RAW_QUEUE + at + 8, 0);
        vtd_raw_write(&mc, RAW_FSTS, 4, 0x10);
        assert_int_equal(vtd_raw_read(&mc, 0x80, 8), at + 16);
        assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4), 0);
    }
}

static void test_injected_errors(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu());
    m->knobs.inject_iqe = 1;
    assert_false(vtd_raw_submit(&mc, 0x11, 0));
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4), 0x10);
    vtd_raw_write(&mc, RAW_FSTS, 4, 0x10);
    assert_int_equal(vtd_raw_read(&mc, 0x80, 8), vtd_raw_read(&mc, 0x88, 8));

    m->knobs.inject_ite = 1;
    m->knobs.inject_sid = 0x1234;
    assert_true(vtd_raw_submit(&mc, UINT64_C(0xbeef00000025), RAW_STATUS)); /* consumed, but aborted */
    assert_int_equal(vtd_machine_load64(&mc, RAW_STATUS), 0);
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4), 0x40);
    assert_int_equal(vtd_raw_read(&mc, 0xb0, 8) >> 32 & 0xffff, 0x1234);
    assert_false(vtd_raw_submit(&mc, 0x11, 0)); /* halted */
    vtd_raw_write(&mc, RAW_FSTS, 4, 0x40);
    assert_int_equal(vtd_raw_read(&mc, 0x80, 8), vtd_raw_read(&mc, 0x88, 8));

    m->knobs.inject_ice = 1;
    assert_true(vtd_raw_submit(&mc, 0x11, 0));
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4), 0x20);
    assert_null(vtd_model_violation(m));
}

static void test_overrun(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu());
    m->knobs.stuck_queue = true;
    uint64_t tail = vtd_raw_read(&mc, 0x88, 8);
    vtd_raw_write(&mc, 0x88, 8, (tail + 4080) % 4096); /* 255: full */
    assert_null(vtd_model_violation(m));
    vtd_raw_write(&mc, 0x88, 8, tail);
    assert_true(vtd_model_violated(m, "overrun"));
    vtd_raw_write(&mc, 0x88, 8, 4096);
    assert_true(vtd_model_violated(m, "IQT beyond"));
}

/* Server preset: 8 records at 0x220, no collapsing. */
static void fault_at(struct vtd_model *m, uint16_t sid, uint64_t address)
{
    uint64_t host = 0;
    assert_true(vtd_model_translate(m, sid, address, true, &host) == VTD_MODEL_BLOCKED);
}

static void test_records_wrap_and_overflow(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_server());
    vtd_raw_write(&mc, RAW_FEDATA, 4, 0x33);
    vtd_raw_write(&mc, RAW_FEADDR, 4, 0xfee01000);
    vtd_raw_write(&mc, RAW_FEUADDR, 4, 0x5);
    vtd_raw_write(&mc, RAW_FECTL, 4, 0);
    for (unsigned i = 0; i < 8; i++) {
        fault_at(m, (uint16_t)(0x100 + i), 0x1000 * i);
    }
    assert_int_equal(mc.interrupts, 1); /* one until software has served it */
    assert_int_equal(mc.interrupt_data, 0x33);
    assert_true(mc.interrupt_address == UINT64_C(0x5fee01000));
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4), 0x2); /* PPF, FRI = 0, no overflow yet */
    fault_at(m, 0x200, 0);
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4), 0x3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(vtd_raw_read(&mc, 0x220 + i * 16 + 8, 8) & 0xffff, 0x100 + i);
        vtd_raw_write(&mc, 0x220 + i * 16 + 12, 4, 0x80000000);
    }
    fault_at(m, 0x201, 0); /* PFO still set: lost, though records are free */
    assert_int_equal(vtd_raw_read(&mc, 0x22c, 4) >> 31, 0);
    vtd_raw_write(&mc, RAW_FSTS, 4, 1);
    fault_at(m, 0x202, 0); /* wraps to record 0 */
    assert_int_equal(vtd_raw_read(&mc, 0x228, 8) & 0xffff, 0x202);
    for (unsigned i = 0; i < 8; i++) {
        vtd_raw_write(&mc, 0x220 + i * 16 + 12, 4, 0x80000000);
    }
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4) & 0xff, 0);
    fault_at(m, 0x203, 0);
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4), 0x102); /* FRI = 1 */
    assert_int_equal(mc.interrupts, 2);
    assert_null(vtd_model_violation(m));
}

static void test_pending_while_masked(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_server());
    vtd_raw_write(&mc, RAW_FEDATA, 4, 0x33);
    vtd_raw_write(&mc, RAW_FEADDR, 4, 0xfee01000);
    fault_at(m, 0x100, 0);
    assert_int_equal(vtd_raw_read(&mc, RAW_FECTL, 4), 0xc0000000);
    assert_int_equal(mc.interrupts, 0);
    vtd_raw_write(&mc, RAW_FECTL, 4, 0);
    assert_int_equal(mc.interrupts, 1);
    assert_int_equal(vtd_raw_read(&mc, RAW_FECTL, 4), 0);
    vtd_raw_write(&mc, RAW_FECTL, 4, 0x80000000);
    vtd_raw_write(&mc, 0x22c, 4, 0x80000000);
    fault_at(m, 0x100, 0);
    vtd_raw_write(&mc, 0x23c, 4, 0x80000000); /* served before unmasking: nothing is left to tell */
    assert_int_equal(vtd_raw_read(&mc, RAW_FECTL, 4), 0x80000000);
    assert_null(vtd_model_violation(m));
}

static void test_collapse(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu()); /* one record, collapsing */
    fault_at(m, 0x100, 0x1000);
    fault_at(m, 0x100, 0x7000);
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4), 0x2);
    assert_int_equal(vtd_raw_read(&mc, 0x220, 8), 0x1000);
    fault_at(m, 0x101, 0x7000);
    assert_int_equal(vtd_raw_read(&mc, RAW_FSTS, 4), 0x3);
}

static void test_record_writes(void **state)
{
    (void)state;
    struct vtd_model *m = translating(vtd_model_qemu());
    fault_at(m, 0x100, 0x1000);
    vtd_raw_write(&mc, 0x228, 8, UINT64_C(1) << 63);
    assert_true(vtd_model_violated(m, "fault record written"));
    assert_int_equal(vtd_raw_read(&mc, 0x228, 8) >> 63, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_ring_wraps),
        cmocka_unit_test(test_bad_descriptors),
        cmocka_unit_test(test_injected_errors),
        cmocka_unit_test(test_overrun),
        cmocka_unit_test(test_records_wrap_and_overflow),
        cmocka_unit_test(test_pending_while_masked),
        cmocka_unit_test(test_collapse),
        cmocka_unit_test(test_record_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
