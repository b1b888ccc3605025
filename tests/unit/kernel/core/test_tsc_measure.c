/* SPDX-License-Identifier: GPL-2.0-only
 * kernel/core/tsc_measure.c on a pretended PM timer and PIT, with pauses between two instructions. */
#include "kernel/core/tsc_measure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "kernel/core/clock.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/port.h"

#define TSC_HZ UINT64_C(2000000000)
#define PM_PORT 0x608
#define PAUSE_MS 5
#define EVENTS_MAX 16

/* Every read takes a microsecond. The nth reads of the PM timer of a list are followed by a pause. */
static struct {
    uint64_t tsc, reads, pit_from;
    unsigned pauses[EVENTS_MAX];
    size_t pause_count;
    bool stands;
} machine;

static int reset(void **state)
{
    (void)state;
    machine.tsc = 1000;
    machine.reads = machine.pit_from = 0;
    machine.pause_count = 0;
    machine.stands = false;
    return 0;
}

uint64_t cpu_tsc(void)
{
    return machine.tsc;
}

static void spend_us(uint64_t us)
{
    machine.tsc += us * TSC_HZ / 1000000;
}

uint32_t port_read32(uint16_t port)
{
    assert_int_equal(port, PM_PORT);
    spend_us(1);
    uint32_t value = machine.stands ? 7 : (uint32_t)(0xfff000 + machine.tsc * CLOCK_PM_TIMER_HZ / TSC_HZ) & 0xffffff;
    machine.reads++;
    for (size_t i = 0; i < machine.pause_count; i++) {
        if (machine.pauses[i] == machine.reads) {
            spend_us(1000 * PAUSE_MS);
        }
    }
    return value;
}

uint8_t port_read8(uint16_t port)
{
    assert_int_equal(port, 0x61);
    spend_us(1);
    bool over = !machine.stands && machine.tsc - machine.pit_from >= TSC_HZ / 50;
    return machine.pit_from != 0 && over ? 0x20 : 0;
}

void port_write8(uint16_t port, uint8_t value)
{
    machine.pit_from = port == 0x42 ? machine.tsc : machine.pit_from;
    (void)value;
}

static void is_right(uint64_t hz)
{
    assert_in_range(hz, TSC_HZ - TSC_HZ / 1000, TSC_HZ + TSC_HZ / 1000);
}

static void by_the_pm_timer(void **state)
{
    (void)state;
    is_right(tsc_measure_pm_timer(PM_PORT)); /* over its wrap */
    machine.stands = true;
    assert_int_equal(tsc_measure_pm_timer(PM_PORT), 0);
}

/* At the beginning, while it waits, and at the end, where 20 ms take some 20000 looks. */
static void a_pause_does_not_matter(void **state)
{
    for (unsigned at = 1; at <= 12; at++) {
        reset(state);
        machine.pauses[machine.pause_count++] = at;
        is_right(tsc_measure_pm_timer(PM_PORT));
        uint64_t last = machine.reads;
        for (unsigned before = 0; before < 7; before++) {
            reset(state);
            machine.pauses[machine.pause_count++] = (unsigned)last - before;
            is_right(tsc_measure_pm_timer(PM_PORT));
        }
    }
}

static void pauses_at_both_ends_do_not_matter(void **state)
{
    (void)state;
    is_right(tsc_measure_pm_timer(PM_PORT));
    unsigned last = (unsigned)machine.reads;
    reset(state);
    const unsigned pauses[] = {1, 2, 4, last, last - 1, last - 3};
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        machine.pauses[machine.pause_count++] = pauses[i];
    }
    is_right(tsc_measure_pm_timer(PM_PORT));
}

static void by_the_pit(void **state)
{
    (void)state;
    is_right(tsc_measure_pit());
    machine.stands = true;
    assert_int_equal(tsc_measure_pit(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(by_the_pm_timer, reset),
        cmocka_unit_test_setup(a_pause_does_not_matter, reset),
        cmocka_unit_test_setup(pauses_at_both_ends_do_not_matter, reset),
        cmocka_unit_test_setup(by_the_pit, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
