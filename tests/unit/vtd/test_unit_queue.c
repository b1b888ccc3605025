/* SPDX-License-Identifier: GPL-2.0-only
 * vtd/queue.c and vtd/register_invalidate.c on the strict model: the ring, errors of hardware, registers as fallback.
 */
#include "vtd/queue.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "kernel/core/time.h"
#include "tests/fake/vtd_rig.h"
#include "vtd/invalidate.h"
#include "vtd/register_invalidate.h"

static struct vtd_rig rig;

static struct vtd_model *start(struct vtd_model_config c)
{
    return vtd_rig_start(&rig, &c);
}

static struct vtd_unit *unit(void)
{
    return &rig.units[0];
}

static void test_ring_wraps(void **state)
{
    (void)state;
    struct vtd_model *m = start(vtd_model_server());
    uint64_t before = m->descriptors;
    struct vtd_descriptor d[3];
    for (unsigned i = 0; i < 3; i++) {
        d[i] = vtd_descriptor_iec_index((uint16_t)i);
    }
    for (unsigned i = 0; i < 1000; i++) {
        m->knobs.latency = i % 3;
        assert_int_equal(vtd_queue_run(unit(), d, 1 + i % 3), STATUS_OK);
    }
    assert_int_equal(m->descriptors - before, 1000 + 334 + 333 * 2 + 333 * 3);
    assert_null(vtd_model_violation(m));
}

static void test_largest_batch(void **state)
{
    (void)state;
    struct vtd_model *m = start(vtd_model_server());
    struct vtd_descriptor d[VTD_QUEUE_BATCH_MAX];
    for (unsigned i = 0; i < VTD_QUEUE_BATCH_MAX; i++) {
        d[i] = vtd_descriptor_iec_index((uint16_t)i);
    }
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(vtd_queue_run(unit(), d, VTD_QUEUE_BATCH_MAX), STATUS_OK);
    }
    assert_null(vtd_model_violation(m));
}

/* Any descriptor of a batch may be the one refused, the wait too; afterwards the queue works. */
static void test_refused_descriptor(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 4; n++) {
        struct vtd_model *m = start(vtd_model_server());
        struct vtd_descriptor d[3];
        for (unsigned i = 0; i < 3; i++) {
            d[i] = vtd_descriptor_iec_index((uint16_t)i);
        }
        m->knobs.inject_iqe = n;
        assert_int_equal(vtd_queue_run(unit(), d, 3), STATUS_HARDWARE);
        assert_int_equal(vtd_raw_read(&rig.mc, RAW_FSTS, 4) & 0x10, 0);
        assert_int_equal(unit()->queue.errors, 1);
        for (unsigned i = 0; i < 300; i++) {
            assert_int_equal(vtd_queue_run(unit(), d, 3), STATUS_OK);
        }
        assert_null(vtd_model_violation(m));
    }
}

/* A descriptor that no unit takes, as a bug of ours would send it. */
static void test_truly_bad_descriptor(void **state)
{
    (void)state;
    struct vtd_model *m = start(vtd_model_server());
    struct vtd_descriptor d[3] = {vtd_descriptor_iec_global(), {0xf, 0}, vtd_descriptor_iec_global()};
    assert_int_equal(vtd_queue_run(unit(), d, 3), STATUS_HARDWARE);
    vtd_model_forgive(m);
    assert_int_equal(vtd_invalidate_all(unit()), STATUS_OK);
    assert_null(vtd_model_violation(m));
}

/* A device-TLB time-out aborts the wait: submitted again, and it counts. */
static void test_device_timeout(void **state)
{
    (void)state;
    struct vtd_model *m = start(vtd_model_server());
    const struct vtd_device_tlb tlb = {.source = 0x320};
    m->knobs.inject_ite = 1;
    m->knobs.inject_sid = 0x0318;
    assert_int_equal(vtd_invalidate_device_all(unit(), &tlb), STATUS_OK);
    assert_int_equal(unit()->queue.device_timeouts, 1);
    assert_int_equal(unit()->queue.timeout_source, 0x318);
    assert_int_equal(vtd_raw_read(&rig.mc, RAW_FSTS, 4), 0);
    /* For ever: it gives up, and says so. */
    for (unsigned i = 0; i < 3; i++) {
        m->knobs.inject_ite = 1;
        m->knobs.stop_after_error = i == 2;
        enum status s = vtd_invalidate_device_all(unit(), &tlb);
        assert_int_equal(s, i == 2 ? STATUS_TIMEOUT : STATUS_OK);
    }
    assert_null(vtd_model_violation(m));
}

/* The device that was asked does not answer: it is not asked again, and the queue goes on. */
static void test_own_device_timeout(void **state)
{
    (void)state;
    struct vtd_model *m = start(vtd_model_server());
    const struct vtd_device_tlb tlb = {.source = 0x318};
    m->knobs.inject_ite = 1;
    m->knobs.inject_sid = 0x0318;
    assert_int_equal(vtd_invalidate_device_range(unit(), &tlb, 0x1000, 0x1000), STATUS_TIMEOUT);
    assert_int_equal(unit()->queue.device_timeouts, 1);
    assert_int_equal(unit()->queue.errors, 1);
    assert_int_equal(vtd_invalidate_all(unit()), STATUS_OK);
    assert_null(vtd_model_violation(m));
}

static void test_stray_completion_is_harmless(void **state)
{
    (void)state;
    struct vtd_model *m = start(vtd_model_server());
    m->knobs.inject_ice = 1;
    m->knobs.latency = 2;
    assert_int_equal(vtd_invalidate_all(unit()), STATUS_OK);
    assert_int_equal(vtd_raw_read(&rig.mc, RAW_FSTS, 4) & 0x20, 0);
    assert_null(vtd_model_violation(m));
}

/* Every wait has a deadline, and it is the one that was promised. */
static void test_deadlines(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct vtd_model *m = start(vtd_model_server());
        m->knobs.stuck_queue = i == 0;
        m->knobs.stuck_waits = i == 1;
        uint64_t from = time_now_ns();
        assert_int_equal(vtd_invalidate_all(unit()), STATUS_TIMEOUT);
        uint64_t took = time_now_ns() - from;
        assert_true(took >= VTD_DEADLINE_US * 1000 && took < VTD_DEADLINE_US * 2000);
    }
}

/* One deadline in all, however often it is asked; once it has caught up it is as good as before. */
static void test_a_late_unit_is_waited_for_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct vtd_model *m = start(vtd_model_server());
        m->knobs.stuck_queue = i == 0;
        m->knobs.stuck_waits = i == 1;
        assert_int_equal(vtd_invalidate_all(unit()), STATUS_TIMEOUT);
        uint64_t from = time_now_ns();
        for (unsigned n = 0; n < 100; n++) {
            assert_int_equal(vtd_invalidate_all(unit()), STATUS_TIMEOUT);
        }
        assert_true(time_now_ns() - from < VTD_DEADLINE_US * 1000 / 10);
        m->knobs.stuck_queue = m->knobs.stuck_waits = false;
        assert_int_equal(vtd_invalidate_all(unit()), STATUS_OK);
        assert_false(unit()->queue.late);
        assert_null(vtd_model_violation(m));
    }
}

static uint64_t waiting(const struct vtd_model *m)
{
    return (m->reg[VTD_R_IQT] - m->reg[VTD_R_IQH]) / 16 % VTD_QUEUE_ENTRIES;
}

/* A dead unit asked again and again fills the ring: still no overrun, still an answer. */
static void test_full_ring_times_out(void **state)
{
    (void)state;
    struct vtd_model *m = start(vtd_model_server());
    struct vtd_descriptor d[VTD_QUEUE_BATCH_MAX];
    for (unsigned i = 0; i < VTD_QUEUE_BATCH_MAX; i++) {
        d[i] = vtd_descriptor_iec_index((uint16_t)i);
    }
    m->knobs.stuck_queue = true;
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(vtd_queue_run(unit(), d, VTD_QUEUE_BATCH_MAX), STATUS_TIMEOUT);
    }
    assert_int_equal(waiting(m), 3 * 65);                           /* 60 entries are free */
    assert_int_equal(vtd_queue_run(unit(), d, 60), STATUS_TIMEOUT); /* with its wait it needs 61 */
    assert_int_equal(waiting(m), 3 * 65);
    assert_int_equal(vtd_queue_run(unit(), d, 59), STATUS_TIMEOUT);
    assert_int_equal(waiting(m), 255);
    assert_null(vtd_model_violation(m));
    /* It wakes up: late answers are not mistaken for new ones. */
    m->knobs.stuck_queue = false;
    assert_int_equal(vtd_invalidate_all(unit()), STATUS_OK);
    assert_int_equal(m->reg[VTD_R_IQH], m->reg[VTD_R_IQT]);
}

static void test_registers_when_there_is_no_queue(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_minimal();
    c.cap |= UINT64_C(1) << 39 | UINT64_C(4) << 48; /* PSI, MAMV = 4 */
    struct vtd_model *m = start(c);
    m->knobs.latency = 3;
    assert_int_equal(vtd_invalidate_all(unit()), STATUS_OK);
    assert_int_equal(vtd_invalidate_source(unit(), 3, 0x18), STATUS_OK);
    assert_int_equal(vtd_invalidate_range(unit(), 3, 0x10000, 0x10000), STATUS_OK);
    assert_int_equal(vtd_invalidate_range(unit(), 3, 0x1f000, 0x2000), STATUS_OK); /* order 6 needed: whole domain */
    assert_int_equal(vtd_invalidate_interrupts(unit(), 0, 1), STATUS_UNSUPPORTED);
    assert_null(vtd_model_violation(m));
    m->knobs.stuck_iotlb = true;
    assert_int_equal(vtd_invalidate_domain(unit(), 3), STATUS_TIMEOUT);
    assert_int_equal(vtd_invalidate_domain(unit(), 3), STATUS_TIMEOUT); /* never written while it is pending */
    assert_int_equal(vtd_invalidate_range(unit(), 3, 0x10000, 0x1000), STATUS_TIMEOUT);
    m->knobs.stuck_context = true;
    assert_int_equal(vtd_invalidate_source(unit(), 3, 0x18), STATUS_TIMEOUT);
    assert_int_equal(vtd_invalidate_source(unit(), 3, 0x18), STATUS_TIMEOUT);
    assert_null(vtd_model_violation(m));
}

/* IAIG = 0: hardware did not do it. */
static void test_register_refusal(void **state)
{
    (void)state;
    struct vtd_model *m = start(vtd_model_minimal()); /* no PSI */
    assert_int_equal(vtd_register_invalidate_iotlb_pages(unit(), 3, 0x1000, 0), STATUS_HARDWARE);
    assert_true(vtd_model_violated(m, "without CAP.PSI"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ring_wraps),
        cmocka_unit_test(test_largest_batch),
        cmocka_unit_test(test_refused_descriptor),
        cmocka_unit_test(test_truly_bad_descriptor),
        cmocka_unit_test(test_device_timeout),
        cmocka_unit_test(test_own_device_timeout),
        cmocka_unit_test(test_stray_completion_is_harmless),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_a_late_unit_is_waited_for_once),
        cmocka_unit_test(test_full_ring_times_out),
        cmocka_unit_test(test_registers_when_there_is_no_queue),
        cmocka_unit_test(test_register_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
