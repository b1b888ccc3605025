/* SPDX-License-Identifier: GPL-2.0-only
 * vtd/fault.c on the strict model: every recorded fault is seen once, in order, and recording goes on. */
#include "vtd/fault.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/fake/vtd_rig.h"

#define SEEN_MAX 600

static struct vtd_rig rig;

static struct {
    struct vtd_fault faults[SEEN_MAX];
    unsigned count;
    unsigned refill; /* faults to cause from within the sink */
} seen;

static void fault_by(uint16_t sid, uint64_t address, bool write)
{
    uint64_t host = 0;
    assert_true(vtd_model_translate(&rig.mc.units[0].model, sid, address, write, &host) == VTD_MODEL_BLOCKED);
}

static void sink(void *context, const struct vtd_fault *fault)
{
    (void)context;
    assert_true(seen.count < SEEN_MAX);
    seen.faults[seen.count++] = *fault;
    if (seen.refill > 0) {
        seen.refill--;
        fault_by((uint16_t)(0x400 + seen.count), 0x5000, true);
    }
}

static struct vtd_fault_result drain(void)
{
    seen.count = 0;
    return vtd_fault_drain(&rig.units[0], sink, NULL);
}

static struct vtd_model *start(unsigned records)
{
    struct vtd_model_config c = vtd_model_server();
    c.cap = (c.cap & ~(UINT64_C(0xff) << 40)) | (uint64_t)(records - 1) << 40;
    if (records > 200) {
        c.ecap = (c.ecap & ~UINT64_C(0x3ff00)) | UINT64_C(0x180) << 8; /* the records need the room */
    }
    return vtd_rig_start(&rig, &c);
}

/* Every count of records, every place to start from. */
static void test_all_records_in_order(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1, 2, 8, 256};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        struct vtd_model *m = start(sizes[i]);
        for (unsigned round = 0; round < 2 * 8 + 1; round++) {
            unsigned n = sizes[i] == 1 ? 1 : sizes[i] - round % 2;
            for (unsigned k = 0; k < n; k++) {
                fault_by((uint16_t)(0x200 + k), (uint64_t)k << 12, k % 2 == 0);
            }
            struct vtd_fault_result r = drain();
            assert_int_equal(r.count, n);
            assert_false(r.overflow || r.pending);
            for (unsigned k = 0; k < n; k++) {
                assert_int_equal(sbdf_rid(seen.faults[k].source), 0x200 + k);
                assert_int_equal(seen.faults[k].address, (uint64_t)k << 12);
                assert_int_equal(seen.faults[k].access, k % 2 == 0 ? VTD_FAULT_WRITE : VTD_FAULT_READ);
                assert_int_equal(seen.faults[k].reason, 0x1);
            }
            assert_int_equal(vtd_raw_read(&rig.mc, RAW_FSTS, 4) & 0xff, 0);
        }
        assert_null(vtd_model_violation(m));
    }
}

static void test_overflow_is_told_and_cleared(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1, 8};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        struct vtd_model *m = start(sizes[i]);
        for (unsigned round = 0; round < 3; round++) {
            unsigned interrupts = rig.mc.interrupts;
            for (unsigned k = 0; k < sizes[i] + 3; k++) {
                fault_by((uint16_t)(0x200 + k), 0x1000, true);
            }
            assert_int_equal(rig.mc.interrupts, interrupts + 1);
            struct vtd_fault_result r = drain();
            assert_int_equal(r.count, sizes[i]);
            assert_true(r.overflow);
            assert_false(drain().overflow);
        }
        assert_null(vtd_model_violation(m));
    }
}

static void test_faults_while_draining(void **state)
{
    (void)state;
    start(8);
    for (unsigned k = 0; k < 5; k++) {
        fault_by((uint16_t)(0x200 + k), 0x1000, true);
    }
    seen.refill = 6;
    struct vtd_fault_result r = drain();
    assert_int_equal(r.count, 11);
    assert_false(r.pending);
    /* A device that never stops: bounded, and honest about what is left. */
    fault_by(0x200, 0x1000, true);
    seen.refill = SEEN_MAX;
    r = drain();
    assert_true(r.pending);
    assert_true(r.count <= 4 * 8);
    seen.refill = 0;
    while (drain().pending) {
    }
    unsigned interrupts = rig.mc.interrupts;
    fault_by(0x777, 0x1000, true);
    assert_int_equal(rig.mc.interrupts, interrupts + 1);
}

static void test_interrupt_faults(void **state)
{
    (void)state;
    struct vtd_model *m = start(8);
    struct vtd_model_message out;
    assert_false(vtd_model_interrupt(m, 0x318, 0xfee00010 | 5 << 5, 0, &out)); /* nothing at entry 5 */
    assert_false(vtd_model_interrupt(m, 0x319, 0xfee00000, 0x41, &out));       /* compatibility */
    assert_false(vtd_model_interrupt(m, 0x31a, 0xfee00014 | 9 << 5, 0, &out)); /* entry 0x8009: no such */
    assert_int_equal(drain().count, 3);
    assert_int_equal(seen.faults[0].access, VTD_FAULT_INTERRUPT);
    assert_int_equal(seen.faults[0].reason, 0x22);
    assert_int_equal(seen.faults[0].index, 5);
    assert_int_equal(seen.faults[1].reason, 0x25);
    assert_int_equal(seen.faults[2].reason, 0x21);
    assert_int_equal(seen.faults[2].index, 0x8009);
    assert_int_equal(sbdf_rid(seen.faults[2].source), 0x31a);
}

static void test_nothing_to_do(void **state)
{
    (void)state;
    start(8);
    uint64_t writes = rig.mc.register_writes;
    assert_int_equal(drain().count, 0);
    assert_int_equal(rig.mc.register_writes, writes);
}

/* A stray completion left in FSTS would silence all later events. */
static void test_events_go_on_after_queue_errors(void **state)
{
    (void)state;
    struct vtd_model *m = start(8);
    fault_by(0x200, 0x1000, true);
    m->reg[VTD_R_FSTS] |= 0x20;
    assert_int_equal(drain().count, 1);
    unsigned interrupts = rig.mc.interrupts;
    fault_by(0x201, 0x1000, true);
    assert_int_equal(rig.mc.interrupts, interrupts + 1);
    assert_null(vtd_model_violation(m));
}

/* Held back, a fault is recorded and its event comes when events may come again. */
static void test_events_held_back(void **state)
{
    (void)state;
    start(8);
    unsigned before = rig.mc.interrupts;
    vtd_fault_events(&rig.units[0], false);
    fault_by(RIG_ROGUE, RIG_HYPERVISOR, true);
    assert_int_equal(rig.mc.interrupts, before);
    vtd_fault_events(&rig.units[0], true);
    assert_int_equal(rig.mc.interrupts, before + 1);
    assert_int_equal(drain().count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_held_back),
        cmocka_unit_test(test_all_records_in_order),
        cmocka_unit_test(test_overflow_is_told_and_cleared),
        cmocka_unit_test(test_faults_while_draining),
        cmocka_unit_test(test_interrupt_faults),
        cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_events_go_on_after_queue_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
