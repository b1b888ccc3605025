/* SPDX-License-Identifier: GPL-2.0-only
 * guest/pit.c: the sequences Linux programs, and the datasheet's corners. */
#include "guest/pit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "guest/ticks.h"

static uint64_t at_tick(uint64_t n)
{
    return ticks_to_ns(n, PIT_HZ);
}

static uint16_t read16(struct pit *p, uint16_t port, uint64_t now)
{
    uint16_t low = pit_read(p, port, now);
    return (uint16_t)(pit_read(p, port, now) << 8 | low);
}

/* pit_calibrate_tsc(): gate on, mode 0, wait for OUT2. */
static void test_tsc_calibration(void **state)
{
    (void)state;
    struct pit p;
    pit_init(&p);
    pit_write(&p, 0x61, (uint8_t)((pit_read(&p, 0x61, 0) & ~2) | 1), 0);
    pit_write(&p, 0x43, 0xb0, 0);
    assert_int_equal(pit_read(&p, 0x61, 0) & 0x20, 0);
    uint16_t latch = 11932; /* 10 ms */
    pit_write(&p, 0x42, latch & 0xff, 1000);
    pit_write(&p, 0x42, latch >> 8, 1000);
    assert_int_equal(pit_read(&p, 0x61, 9999000) & 0x20, 0);
    assert_int_equal(pit_read(&p, 0x61, 1000 + at_tick(latch)) & 0x21, 0x21);
    assert_in_range(at_tick(latch), 9999000, 10001000);
    assert_int_equal(pit_read(&p, 0x61, 0) & 0x10, 0);
    assert_int_equal(pit_read(&p, 0x61, 15100) & 0x10, 0x10); /* refresh toggles */
}

/* quick_pit_calibrate(): the count must be seen going down. */
static void test_quick_calibration(void **state)
{
    (void)state;
    struct pit p;
    pit_init(&p);
    pit_write(&p, 0x61, 1, 0);
    pit_write(&p, 0x43, 0xb0, 0);
    pit_write(&p, 0x42, 0xff, 0);
    pit_write(&p, 0x42, 0xff, 0);
    for (uint64_t i = 0; i < 64; i++) {
        assert_int_equal(read16(&p, 0x42, at_tick(i * 256)), 0xffff - i * 256);
    }
    assert_int_equal(read16(&p, 0x42, at_tick(0x10005)), 0xfffa); /* past zero it goes on */
}

/* pit_set_periodic() at 250 Hz. */
static void test_periodic_irq(void **state)
{
    (void)state;
    struct pit p;
    pit_init(&p);
    assert_true(pit_next_deadline(&p) == UINT64_MAX);
    pit_write(&p, 0x43, 0x34, 0);
    assert_true(pit_next_deadline(&p) == UINT64_MAX); /* no count yet */
    pit_write(&p, 0x40, 4773 & 0xff, 50);
    assert_true(pit_next_deadline(&p) == UINT64_MAX);
    pit_write(&p, 0x40, 4773 >> 8, 50);
    assert_int_equal(pit_next_deadline(&p), 50 + at_tick(4773));
    assert_int_equal(pit_advance(&p, 50 + at_tick(4773) - 1), 0);
    assert_int_equal(pit_advance(&p, 50 + at_tick(4773)), 1);
    assert_int_equal(pit_advance(&p, 50 + at_tick(4773)), 0);
    assert_int_equal(pit_next_deadline(&p), 50 + at_tick(2 * 4773));
    assert_int_equal(pit_advance(&p, 50 + at_tick(10 * 4773) + 5), 9); /* late: nine at once */
    assert_int_equal(pit_next_deadline(&p), 50 + at_tick(11 * 4773));  /* no drift */
}

static void test_one_shot_irq(void **state)
{
    (void)state;
    struct pit p;
    pit_init(&p);
    pit_write(&p, 0x43, 0x38, 0); /* mode 4, as Linux's one-shot */
    pit_write(&p, 0x40, 100, 0);
    pit_write(&p, 0x40, 0, 0);
    assert_int_equal(pit_advance(&p, at_tick(100)), 1);
    assert_true(pit_next_deadline(&p) == UINT64_MAX);
    assert_int_equal(pit_advance(&p, at_tick(1000000)), 0);
    pit_write(&p, 0x40, 100, at_tick(2000)); /* a new count arms it again */
    pit_write(&p, 0x40, 0, at_tick(2000));
    assert_int_equal(pit_advance(&p, at_tick(2101)), 1);
    pit_write(&p, 0x43, 0x30, 0); /* pit_shutdown: mode 0 and no count in between */
    assert_true(pit_next_deadline(&p) == UINT64_MAX);
    pit_write(&p, 0x40, 0, 0);
    pit_write(&p, 0x40, 0, 0); /* zero means 65536 */
    assert_int_equal(pit_next_deadline(&p), at_tick(65536));
}

static void test_latch_and_read_back(void **state)
{
    (void)state;
    struct pit p;
    pit_init(&p);
    pit_write(&p, 0x43, 0x34, 0);
    pit_write(&p, 0x40, 0xe8, 0);
    pit_write(&p, 0x40, 0x03, 0);
    pit_write(&p, 0x43, 0x00, at_tick(10)); /* latch */
    pit_write(&p, 0x43, 0x00, at_tick(20)); /* ignored: not read yet */
    assert_int_equal(read16(&p, 0x40, at_tick(500)), 990);
    assert_int_equal(read16(&p, 0x40, at_tick(500)), 500);
    pit_write(&p, 0x43, 0xc2, at_tick(600)); /* status and count of channel 0 */
    assert_int_equal(pit_read(&p, 0x40, at_tick(700)), 0xb4);
    assert_int_equal(read16(&p, 0x40, at_tick(700)), 400);
    pit_write(&p, 0x43, 0xb6, 0);
    pit_write(&p, 0x43, 0xe8, 0); /* status of channel 2: null count */
    assert_int_equal(pit_read(&p, 0x42, 0), 0x80 | 0x40 | 0x36);
    pit_write(&p, 0x43, 0x14, 0); /* low byte only */
    pit_write(&p, 0x40, 200, 0);
    assert_int_equal(pit_read(&p, 0x40, at_tick(1)), 199);
    pit_write(&p, 0x43, 0x15, 0); /* BCD */
    pit_write(&p, 0x40, 0x42, 0);
    assert_int_equal(pit_read(&p, 0x40, at_tick(3)), 0x39);
    assert_int_equal(pit_read(&p, 0x43, 0), 0xff);
    assert_int_equal(pit_read(&p, 0x44, 0), 0xff);
}

static void test_square_wave_and_gate(void **state)
{
    (void)state;
    struct pit p;
    pit_init(&p);
    pit_write(&p, 0x43, 0xb6, 0);
    pit_write(&p, 0x42, 100, 0);
    pit_write(&p, 0x42, 0, 0);
    assert_true(pit_output(&p, 2, at_tick(70))); /* gate low: high */
    pit_write(&p, 0x61, 3, at_tick(1000));
    assert_int_equal(pit_read(&p, 0x61, at_tick(1010)) & 0x23, 0x23);
    assert_int_equal(read16(&p, 0x42, at_tick(1000) + at_tick(10)), 80); /* it counts down by two */
    assert_int_equal(read16(&p, 0x42, at_tick(1000) + at_tick(60)), 80);
    assert_false(pit_output(&p, 2, at_tick(1055)));
    assert_true(pit_output(&p, 2, at_tick(1105)));
    pit_write(&p, 0x43, 0xb0, 0); /* mode 0 stops and goes on with its gate */
    pit_write(&p, 0x42, 100, 0);
    pit_write(&p, 0x42, 0, 0);
    pit_write(&p, 0x61, 0, at_tick(40));
    assert_false(pit_output(&p, 2, at_tick(5000)));
    assert_int_equal(read16(&p, 0x42, at_tick(5000)), 60);
    pit_write(&p, 0x61, 1, at_tick(5000));
    assert_false(pit_output(&p, 2, at_tick(5058)));
    assert_true(pit_output(&p, 2, at_tick(5062)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tsc_calibration),     cmocka_unit_test(test_quick_calibration),
        cmocka_unit_test(test_periodic_irq),        cmocka_unit_test(test_one_shot_irq),
        cmocka_unit_test(test_latch_and_read_back), cmocka_unit_test(test_square_wave_and_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
