/* SPDX-License-Identifier: GPL-2.0-only
 * guest/i6300esb.c: a driver that does what Linux's does, and guests that do not. */
#include "guest/i6300esb.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "guest/pci.h"
#include "tests/fake/guest_pci_rig.h"

#define DEVICE 30u
#define PIN 21u /* of device 30 at the guest's I/O APIC */
#define CONFIG 0x60
#define LOCK 0x68
#define TIMER_1 0x0
#define TIMER_2 0x4
#define STATUS 0x8
#define RELOAD 0xc
#define SECOND UINT64_C(1000000000)
#define COUNT_NS UINT64_C(992969) /* 2^15 of 33 MHz */

static struct guest_pci_rig rig;
static struct i6300esb dog;
static unsigned ran_out;
static uint64_t now_ns, resumed_ns, bar;

static void on_ran_out(void *context)
{
    assert_ptr_equal(context, &rig);
    ran_out++;
}

static uint64_t now(const void *context)
{
    (void)context;
    return now_ns;
}

static uint64_t resumed(const void *context)
{
    (void)context;
    return resumed_ns;
}

static int setup(void **state)
{
    (void)state;
    const struct i6300esb_owner owner = {on_ran_out, now, resumed, &rig};
    guest_pci_rig_start(&rig);
    ran_out = 0;
    now_ns = resumed_ns = 0;
    assert_int_equal(i6300esb_init(&dog, &owner, DEVICE, &rig.router), STATUS_OK);
    assert_int_equal(guest_pci_add_emulated(&rig.pci, &dog.function), STATUS_OK);
    assert_int_equal(guest_pci_show_emulated(&rig.pci), STATUS_OK);
    bar = guest_pci_rig_read(&rig, DEVICE, PCI_BAR0, 4) & ~UINT64_C(0xf);
    bar |= (uint64_t)guest_pci_rig_read(&rig, DEVICE, PCI_BAR0 + 4, 4) << 32;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    i6300esb_free(&dog);
    return 0;
}

static void put(unsigned offset, unsigned width, uint32_t value)
{
    bus_write(&rig.mmio, bar + offset, width, value, now_ns);
}

static uint32_t get(unsigned offset, unsigned width)
{
    return (uint32_t)bus_read(&rig.mmio, bar + offset, width, now_ns);
}

static void unlock(void)
{
    put(RELOAD, 2, 0x80);
    put(RELOAD, 2, 0x86);
}

static void kick(void)
{
    unlock();
    put(RELOAD, 2, 0x100);
}

/* Both stages that many counts long, output on, no interrupt. */
static void start(uint32_t counts, uint8_t lock)
{
    guest_pci_rig_write(&rig, DEVICE, CONFIG, 2, 0x0003);
    unlock();
    put(TIMER_1, 4, counts);
    unlock();
    put(TIMER_2, 4, counts);
    kick();
    guest_pci_rig_write(&rig, DEVICE, LOCK, 1, lock);
}

/* As the guest's first vCPU has it: at the deadline, not before. */
static void go_to(uint64_t ns)
{
    while (guest_pci_deadline(&rig.pci) <= ns) {
        now_ns = guest_pci_deadline(&rig.pci) > now_ns ? guest_pci_deadline(&rig.pci) : now_ns;
        guest_pci_advance(&rig.pci, now_ns);
    }
    now_ns = ns;
}

static void is_found_by_its_id(void **state)
{
    (void)state;
    assert_int_equal(guest_pci_rig_read(&rig, DEVICE, PCI_VENDOR, 4), 0x25ab8086);
    assert_int_equal(guest_pci_rig_read(&rig, DEVICE, 8, 4) >> 8, 0x088000);
    assert_true(bar != 0);
    assert_int_equal(guest_pci_deadline(&rig.pci), UINT64_MAX);
    assert_int_equal(get(RELOAD, 2), 0);
}

static void runs_out_after_both_stages(void **state)
{
    (void)state;
    start(512, 2);
    go_to(1000 * COUNT_NS);
    assert_int_equal(ran_out, 0);
    assert_int_equal(get(STATUS, 4), 1);
    go_to(1030 * COUNT_NS);
    assert_int_equal(ran_out, 1);
    assert_int_equal(get(RELOAD, 2), 0x200);
    go_to(100000 * COUNT_NS); /* once, until it is reloaded */
    assert_int_equal(ran_out, 1);
    kick();
    assert_int_equal(get(RELOAD, 2), 0x200);
    unlock();
    put(RELOAD, 2, 0x300);
    assert_int_equal(get(RELOAD, 2), 0);
    go_to(now_ns + 1030 * COUNT_NS);
    assert_int_equal(ran_out, 2);
}

static void a_driver_that_reloads_it_lives(void **state)
{
    (void)state;
    start(512, 2);
    for (unsigned i = 0; i < 100; i++) {
        go_to(now_ns + 900 * COUNT_NS);
        kick();
    }
    assert_int_equal(ran_out, 0);
    guest_pci_rig_write(&rig, DEVICE, LOCK, 1, 0);
    assert_int_equal(guest_pci_rig_read(&rig, DEVICE, LOCK, 1), 0);
    go_to(now_ns + 100 * SECOND);
    assert_int_equal(ran_out, 0);
}

static void nothing_counts_without_the_words_that_unlock(void **state)
{
    (void)state;
    start(512, 2);
    go_to(900 * COUNT_NS);
    put(RELOAD, 2, 0x100);
    put(RELOAD, 2, 0x80);
    put(RELOAD, 2, 0x80);
    put(RELOAD, 2, 0x86);
    put(TIMER_1, 2, 0xffff); /* half a register */
    put(RELOAD, 2, 0x86);
    put(RELOAD, 2, 0x80);
    put(TIMER_1, 4, 0xfffff);
    put(RELOAD, 2, 0x86);
    put(RELOAD, 2, 0x100);
    go_to(1030 * COUNT_NS);
    assert_int_equal(ran_out, 1);
}

static void locked_it_stays_on(void **state)
{
    (void)state;
    start(512, 3);
    guest_pci_rig_write(&rig, DEVICE, LOCK, 1, 0);
    assert_int_equal(guest_pci_rig_read(&rig, DEVICE, LOCK, 1), 3);
    go_to(1030 * COUNT_NS);
    assert_int_equal(ran_out, 1);
    guest_pci_reset(&rig.pci);
    assert_int_equal(guest_pci_rig_read(&rig, DEVICE, LOCK, 1), 0);
    assert_int_equal(guest_pci_deadline(&rig.pci), UINT64_MAX);
    assert_int_equal(get(RELOAD, 2), 0x200); /* what the next kernel asks: why it was reset */
}

static void the_first_stage_interrupts_by_the_line(void **state)
{
    (void)state;
    start(512, 2);
    guest_pci_rig_write(&rig, DEVICE, CONFIG, 2, 0);
    go_to(520 * COUNT_NS);
    assert_int_equal(guest_pci_lines(&rig.pci), 1u << PIN);
    put(STATUS, 4, 0);
    assert_int_equal(guest_pci_lines(&rig.pci), 1u << PIN);
    put(STATUS, 4, 1);
    assert_int_equal(guest_pci_lines(&rig.pci), 0);
}

static void output_off_and_free_running_pull_no_plug(void **state)
{
    (void)state;
    start(512, 2);
    guest_pci_rig_write(&rig, DEVICE, CONFIG, 2, 0x23);
    go_to(2000 * COUNT_NS);
    assert_int_equal(ran_out, 0);
    assert_int_equal(get(RELOAD, 2), 0x200);
    guest_pci_rig_write(&rig, DEVICE, CONFIG, 2, 0x03);
    guest_pci_rig_write(&rig, DEVICE, LOCK, 1, 0);
    guest_pci_rig_write(&rig, DEVICE, LOCK, 1, 6);
    go_to(now_ns + 20000 * COUNT_NS);
    assert_int_equal(ran_out, 0);
    assert_int_equal(get(STATUS, 4), 1);
}

static void fast_and_shortest_counts(void **state)
{
    (void)state;
    start(0, 0);
    guest_pci_rig_write(&rig, DEVICE, CONFIG, 2, 0x07);
    guest_pci_rig_write(&rig, DEVICE, LOCK, 1, 2);
    go_to(1900);
    assert_int_equal(ran_out, 0);
    go_to(2000); /* twice 2^5 of 33 MHz */
    assert_int_equal(ran_out, 1);
}

static void it_tells_once_a_second(void **state)
{
    (void)state;
    start(0, 0);
    guest_pci_rig_write(&rig, DEVICE, CONFIG, 2, 0x07);
    for (unsigned i = 0; i < 100; i++) {
        guest_pci_rig_write(&rig, DEVICE, LOCK, 1, 0);
        guest_pci_rig_write(&rig, DEVICE, LOCK, 1, 2);
        go_to(now_ns + 2000);
    }
    assert_int_equal(ran_out, 1);
    now_ns += SECOND;
    kick();
    go_to(now_ns + 2000);
    assert_int_equal(ran_out, 2);
    guest_pci_reset(&rig.pci); /* whoever starts anew starts at 0 */
    now_ns = 0;
    guest_pci_rig_write(&rig, DEVICE, CONFIG, 2, 0x07);
    guest_pci_rig_write(&rig, DEVICE, LOCK, 1, 2);
    go_to(3 * SECOND);
    assert_int_equal(ran_out, 3);
}

/* Nobody has to run for it: its guest may sleep, with the line masked, where others share the CPU. */
static void free_running_it_does_not_flood(void **state)
{
    (void)state;
    unsigned looks = 0;
    start(0, 0);
    guest_pci_rig_write(&rig, DEVICE, CONFIG, 2, 0x07);
    guest_pci_rig_write(&rig, DEVICE, LOCK, 1, 6);
    while (guest_pci_deadline(&rig.pci) <= SECOND / 100) {
        now_ns = guest_pci_deadline(&rig.pci);
        guest_pci_advance(&rig.pci, now_ns);
        looks++;
    }
    assert_in_range(looks, 2, 101);
    assert_int_equal(get(STATUS, 4), 1);
}

/* The guest could not reload it meanwhile. */
static void a_pause_starts_the_stage_again(void **state)
{
    (void)state;
    start(512, 2);
    go_to(100 * COUNT_NS);
    resumed_ns = now_ns = 1000 * SECOND;
    go_to(resumed_ns + 1000 * COUNT_NS);
    assert_int_equal(ran_out, 0);
    go_to(resumed_ns + 1030 * COUNT_NS);
    assert_int_equal(ran_out, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_found_by_its_id, setup, teardown),
        cmocka_unit_test_setup_teardown(runs_out_after_both_stages, setup, teardown),
        cmocka_unit_test_setup_teardown(a_driver_that_reloads_it_lives, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_counts_without_the_words_that_unlock, setup, teardown),
        cmocka_unit_test_setup_teardown(locked_it_stays_on, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_stage_interrupts_by_the_line, setup, teardown),
        cmocka_unit_test_setup_teardown(output_off_and_free_running_pull_no_plug, setup, teardown),
        cmocka_unit_test_setup_teardown(fast_and_shortest_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(it_tells_once_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(free_running_it_does_not_flood, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pause_starts_the_stage_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
