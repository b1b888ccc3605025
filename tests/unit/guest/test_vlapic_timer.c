/* SPDX-License-Identifier: GPL-2.0-only
 * guest/vlapic_timer.c: the three modes, dividing, missed periods. */
#include "guest/vlapic_timer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "guest/vlapic_irq.h"

static uint32_t page[LAPIC_SIZE / 4];

static void make(struct vlapic *l)
{
    struct vlapic_config c = {.page = page, .tsc_deadline = true, .tsc_hz = UINT64_C(2500000000), .physical_bits = 40};
    vlapic_init(l, &c);
    vlapic_write(l, LAPIC_SVR, 4, 0x1ff, 0);
}

static bool take(struct vlapic *l)
{
    int v = vlapic_irq_pending(l);
    if (v < 0) {
        return false;
    }
    vlapic_irq_accept(l, (uint8_t)v);
    vlapic_irq_eoi(l);
    assert_int_equal(v, 0xec);
    return true;
}

static void test_one_shot(void **state)
{
    (void)state;
    struct vlapic l;
    make(&l);
    vlapic_write(&l, LAPIC_LVT_TIMER, 4, 0xec, 0);
    vlapic_write(&l, LAPIC_TIMER_DIVIDE, 4, 3, 0); /* by 16, as Linux */
    assert_true(vlapic_timer_next_deadline(&l) == UINT64_MAX);
    vlapic_write(&l, LAPIC_TIMER_INITIAL, 4, 1000, 5000);
    assert_int_equal(vlapic_timer_next_deadline(&l), 5000 + 16000);
    assert_int_equal(vlapic_read(&l, LAPIC_TIMER_CURRENT, 4, 5000), 1000);
    assert_int_equal(vlapic_read(&l, LAPIC_TIMER_CURRENT, 4, 13000), 500);
    vlapic_timer_advance(&l, 20999);
    assert_false(take(&l));
    vlapic_timer_advance(&l, 21000);
    assert_true(take(&l));
    assert_int_equal(vlapic_read(&l, LAPIC_TIMER_CURRENT, 4, 21000), 0);
    assert_true(vlapic_timer_next_deadline(&l) == UINT64_MAX);
    vlapic_timer_advance(&l, 1000000);
    assert_false(take(&l));
    vlapic_write(&l, LAPIC_TIMER_INITIAL, 4, 1000, 0);
    vlapic_write(&l, LAPIC_TIMER_INITIAL, 4, 0, 0); /* stops it */
    assert_true(vlapic_timer_next_deadline(&l) == UINT64_MAX);
}

static void test_divide(void **state)
{
    (void)state;
    static const struct {
        uint32_t code, divide;
    } cases[] = {{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {10, 128}, {11, 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct vlapic l;
        make(&l);
        vlapic_write(&l, LAPIC_TIMER_DIVIDE, 4, cases[i].code, 0);
        vlapic_write(&l, LAPIC_TIMER_INITIAL, 4, UINT32_MAX, 0);
        assert_int_equal(vlapic_timer_next_deadline(&l), UINT64_C(0xffffffff) * cases[i].divide);
        vlapic_write(&l, LAPIC_TIMER_DIVIDE, 4, 11, 128 * 1000); /* what is left counts at the new rate */
        assert_int_equal(vlapic_read(&l, LAPIC_TIMER_CURRENT, 4, 128 * 1000),
                         UINT32_MAX - 128 * 1000 / cases[i].divide);
    }
}

static void test_periodic(void **state)
{
    (void)state;
    struct vlapic l;
    make(&l);
    vlapic_write(&l, LAPIC_LVT_TIMER, 4, 0x200ec, 0);
    vlapic_write(&l, LAPIC_TIMER_DIVIDE, 4, 0xb, 0);
    vlapic_write(&l, LAPIC_TIMER_INITIAL, 4, 1000000, 0);
    for (uint64_t t = 1; t <= 5; t++) {
        vlapic_timer_advance(&l, t * 1000000);
        assert_true(take(&l));
        assert_int_equal(vlapic_timer_next_deadline(&l), (t + 1) * 1000000);
    }
    vlapic_timer_advance(&l, 9500000); /* four at once are one, and the beat stays */
    assert_true(take(&l));
    assert_false(take(&l));
    assert_int_equal(vlapic_timer_next_deadline(&l), 10000000);
    vlapic_write(&l, LAPIC_LVT_TIMER, 4, 0x300ec, 0); /* masked: it runs on, silently */
    vlapic_timer_advance(&l, 10000000);
    assert_false(take(&l));
    assert_int_equal(vlapic_timer_next_deadline(&l), 11000000);
    vlapic_write(&l, LAPIC_TIMER_INITIAL, 4, 1, 0);
    assert_int_equal(vlapic_timer_next_deadline(&l), LAPIC_TIMER_MIN_PERIOD_NS);
    assert_true(vlapic_read(&l, LAPIC_TIMER_CURRENT, 4, 0) <= 1);
}

static void test_tsc_deadline(void **state)
{
    (void)state;
    struct vlapic l;
    make(&l);
    vlapic_timer_write_deadline(&l, 5000, 0, 0); /* ignored: one-shot mode */
    assert_true(vlapic_timer_next_deadline(&l) == UINT64_MAX);
    vlapic_write(&l, LAPIC_LVT_TIMER, 4, 0x400ec, 0);
    vlapic_write(&l, LAPIC_TIMER_INITIAL, 4, 1000, 0); /* ignored in this mode */
    assert_int_equal(vlapic_read(&l, LAPIC_TIMER_INITIAL, 4, 0), 0);
    vlapic_timer_write_deadline(&l, 7500, 2500, 1000);
    assert_int_equal(vlapic_timer_next_deadline(&l), 3000); /* 5000 ticks at 2.5 GHz */
    assert_int_equal(vlapic_timer_read_deadline(&l), 7500);
    vlapic_timer_advance(&l, 3000);
    assert_true(take(&l));
    assert_int_equal(vlapic_timer_read_deadline(&l), 0);
    vlapic_timer_write_deadline(&l, 1, 9999, 4000); /* past: at once */
    assert_int_equal(vlapic_timer_next_deadline(&l), 4000);
    vlapic_timer_write_deadline(&l, UINT64_MAX, 0, 4000);
    assert_true(vlapic_timer_next_deadline(&l) > UINT64_C(1) << 60);
    vlapic_write(&l, LAPIC_LVT_TIMER, 4, 0xec, 0); /* leaving the mode disarms */
    assert_true(vlapic_timer_next_deadline(&l) == UINT64_MAX);
    l.config.tsc_deadline = false;
    vlapic_write(&l, LAPIC_LVT_TIMER, 4, 0x400ec, 0);
    assert_int_equal(vlapic_read(&l, LAPIC_LVT_TIMER, 4, 0), 0xec);
}

static void test_tsc_moves(void **state)
{
    (void)state;
    struct vlapic l;
    make(&l);
    vlapic_write(&l, LAPIC_LVT_TIMER, 4, 0x400ec, 0);
    vlapic_timer_move_tsc(&l, 100, 1000); /* nothing is armed */
    assert_true(vlapic_timer_next_deadline(&l) == UINT64_MAX);
    vlapic_timer_write_deadline(&l, 7500, 2500, 1000);
    vlapic_timer_move_tsc(&l, 5000, 1500); /* nearer: 2500 ticks of 2.5 GHz are left */
    assert_int_equal(vlapic_timer_next_deadline(&l), 2500);
    vlapic_timer_move_tsc(&l, 0, 2000);
    assert_int_equal(vlapic_timer_next_deadline(&l), 5000);
    assert_int_equal(vlapic_timer_read_deadline(&l), 7500);
    vlapic_timer_move_tsc(&l, 8000, 2100); /* jumped over: due now */
    assert_int_equal(vlapic_timer_next_deadline(&l), 2100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_shot),     cmocka_unit_test(test_divide),    cmocka_unit_test(test_periodic),
        cmocka_unit_test(test_tsc_deadline), cmocka_unit_test(test_tsc_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
