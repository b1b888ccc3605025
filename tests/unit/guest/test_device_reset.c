/* SPDX-License-Identifier: GPL-2.0-only
 * guest/device_reset.c: many devices reset in the time of one, on the pretended clock; the failure of one is its own.
 * The pretended machine fails the test on an access inside a mandatory wait. */
#include "guest/device_reset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "kernel/core/pages.h"
#include "kernel/core/time.h"
#include "tests/fake/guest_vmd_rig.h"
#include "tests/fake/log.h"
#include "tests/fake/time.h"

#define DEVICES 64u
#define PORTS 32u
#define MS UINT64_C(1000000)
#define PORT_EXPRESS 0x40

static struct guest_vmd_rig rig; /* for its pages, and for the VMD */
static uint8_t memory[256 * 1024];
static struct pci_facts facts;
static struct fake_pci_function *functions[DEVICES];
static struct plan_device plans[DEVICES];
static struct vm_device devices[DEVICES];
static struct device_set set;
static struct device_reset reset;

static int setup(void **state)
{
    (void)state;
    guest_vmd_rig_start(&rig, fake_vmd_server(), NULL);
    fake_log_reset();
    fake_time_step_ns(100); /* a look costs next to nothing */
    return 0;
}

static struct vm_device *device(unsigned i, const struct pci_function *f, enum pci_reset_kind kind)
{
    plans[i] = (struct plan_device){.reset = kind};
    devices[i] = (struct vm_device){.plan = &plans[i], .function = f};
    return &devices[i];
}

/* What was added instead of the rig's machine, all of it in the set. */
static void make_set(enum pci_reset_kind kind)
{
    static const struct pci_ecam window = {.segment = 0, .first_bus = 0, .last_bus = 255};
    static struct diag diags[8];
    struct diag_list list = diag_list_make(diags, ARRAY_LENGTH(diags));
    struct arena arena = arena_make(memory, sizeof(memory));
    pci_config_use_ecam(&window, 1);
    assert_int_equal(pci_enumerate(&window, 1, &arena, &facts, &list), STATUS_OK);
    set = (struct device_set){.count = DEVICES};
    for (unsigned i = 0; i < DEVICES; i++) {
        set.of[i] = device(i, pci_find(&facts, functions[i]->at), kind);
    }
}

static void make_functions(void)
{
    fake_pci_reset();
    for (unsigned i = 0; i < DEVICES; i++) {
        functions[i] = fake_pci_add(sbdf_make(0, 0, 1 + i / 8, i % 8), 0x8086, 0x10d3, 0x020000);
        fake_pci_add_express(functions[i], PCI_EXPRESS_ENDPOINT, true);
    }
    make_set(PCI_RESET_FLR);
}

static struct fake_pci_function *port(unsigned i)
{
    return fake_pci_find(sbdf_make(0, 0, 1 + i / 8, i % 8));
}

/* Two functions behind each of 32 ports, whose links never come up, as far as they can tell. */
static void make_buses(void)
{
    fake_pci_reset();
    for (unsigned i = 0; i < PORTS; i++) {
        struct fake_pci_function *f =
            fake_pci_add_bridge(sbdf_make(0, 0, 1 + i / 8, i % 8), (uint8_t)(1 + i), (uint8_t)(1 + i));
        fake_pci_add_express(f, PCI_EXPRESS_ROOT_PORT, false);
        fake_pci_set(f, PORT_EXPRESS + PCI_EXP_LNKCAP, 4, PCI_LNKCAP_TELLS_ACTIVE);
        functions[2 * i] = fake_pci_add(sbdf_make(0, (uint8_t)(1 + i), 0, 0), 0x1234, 0x11e8, 0x00ff00);
        functions[2 * i + 1] = fake_pci_add(sbdf_make(0, (uint8_t)(1 + i), 0, 1), 0x1234, 0x11e8, 0x00ff00);
    }
    make_set(PCI_RESET_BUS);
}

/* How long it took, in ns of the pretended clock. */
static uint64_t run(const struct pci_facts *of)
{
    uint64_t from = time_now_ns(), pages = pages_taken().now;
    device_reset_begin(&reset, of, &set);
    device_reset_wait(&reset);
    assert_int_equal(pages_taken().now, pages);
    return time_now_ns() - from;
}

static void expect_all_but(size_t one, enum status status)
{
    for (size_t i = 0; i < set.count; i++) {
        assert_int_equal(reset.set.status[i], i == one ? status : STATUS_OK);
    }
}

static void functions_take_one_wait(void **state)
{
    (void)state;
    make_functions();
    assert_in_range(run(&facts), 100 * MS, 120 * MS);
    expect_all_but(DEVICES, STATUS_OK);
    assert_int_equal(fake_log_count(": reset (flr)"), DEVICES);
    for (unsigned i = 0; i < DEVICES; i++) {
        assert_int_equal(functions[i]->flrs, 1);
    }
}

static void buses_take_one_wait(void **state)
{
    (void)state;
    make_buses();
    assert_in_range(run(&facts), 1100 * MS, 1200 * MS);
    expect_all_but(DEVICES, STATUS_OK);
    for (unsigned i = 0; i < DEVICES; i++) {
        assert_int_equal(functions[i]->bus_resets, 1);
        assert_int_equal(fake_pci_get(port(i / 2), PCI_BRIDGE_CONTROL, 2), 0); /* let go */
    }
    assert_int_equal(fake_log_count("reset (bus) together with"), DEVICES - PORTS);
}

/* The last one is begun before the first one is over. */
static void they_are_begun_together(void **state)
{
    (void)state;
    make_buses();
    fake_pci_forget_writes();
    (void)run(&facts);
    size_t last = fake_pci_written(0, port(PORTS - 1)->at, PCI_BRIDGE_CONTROL, PCI_BRIDGE_RESET, PCI_BRIDGE_RESET);
    size_t first = fake_pci_written(0, port(0)->at, PCI_BRIDGE_CONTROL, PCI_BRIDGE_RESET, 0);
    assert_true(last < first);
}

static void one_that_never_comes_back(void **state)
{
    (void)state;
    make_functions();
    functions[7]->busy_us = 60000000;
    assert_in_range(run(&facts), 1100 * MS, 1200 * MS); /* its own deadline, and nobody else's */
    expect_all_but(7, STATUS_TIMEOUT);
    assert_int_equal(fake_log_count("0000:00:01.7: does not come back from its reset: timeout"), 1);
    assert_int_equal(fake_log_count("0000:00:01.7: reset (flr) failed: timeout"), 1);
    assert_int_equal(fake_log_count(": reset (flr)"), DEVICES);
}

/* Each has a deadline of its own. */
static void several_that_never_come_back(void **state)
{
    (void)state;
    make_functions();
    for (unsigned i = 0; i < 8; i++) {
        functions[8 * i]->busy_us = 60000000;
    }
    assert_in_range(run(&facts), 1100 * MS, 1200 * MS);
    for (unsigned i = 0; i < DEVICES; i++) {
        assert_int_equal(reset.set.status[i], i % 8 == 0 ? STATUS_TIMEOUT : STATUS_OK);
    }
}

/* Two on one bus: neither may be used, and the log says whose fault it is. */
static void one_on_a_bus_that_never_comes_back(void **state)
{
    (void)state;
    make_buses();
    functions[9]->busy_us = 60000000;
    assert_in_range(run(&facts), 2000 * MS, 2200 * MS);
    for (unsigned i = 0; i < DEVICES; i++) {
        assert_int_equal(reset.set.status[i], i == 8 || i == 9 ? STATUS_TIMEOUT : STATUS_OK);
    }
    assert_int_equal(fake_log_count("0000:05:00.1: does not come back from its reset: timeout"), 1);
    assert_int_equal(fake_log_count("does not come back"), 1);
}

/* A bus that is not the set's alone is not touched. */
static void a_bus_of_others_is_left_alone(void **state)
{
    (void)state;
    make_buses();
    set.count = DEVICES - 1;
    (void)run(&facts);
    expect_all_but(DEVICES - 2, STATUS_UNSUPPORTED);
    assert_int_equal(functions[DEVICES - 1]->bus_resets, 0);
}

/* A function that another one's reset takes along has its own after that. */
static void buses_come_before_functions(void **state)
{
    (void)state;
    make_buses();
    fake_pci_add_af(functions[1]);
    make_set(PCI_RESET_BUS);
    plans[1].reset = PCI_RESET_AF;
    uint64_t took = run(&facts);
    expect_all_but(DEVICES, STATUS_OK);
    assert_in_range(took, 1200 * MS, 1300 * MS);
    assert_int_equal(functions[1]->bus_resets, 1);
    assert_int_equal(functions[1]->af_flrs, 1);
}

/* The domain behind it, then itself; the others meanwhile. */
static void a_vmd_among_others(void **state)
{
    (void)state;
    set = (struct device_set){.of = {&rig.pci.plain_device, &rig.device, &rig.pci.nvme_device}, .count = 3};
    uint64_t resets = rig.vmd.model.counts.bus_resets;
    unsigned flrs = rig.pci.nvme->flrs, buses = rig.pci.plain->bus_resets;
    device_reset_begin(&reset, &rig.pci.facts, &set);
    bool behind = false, over = false;
    while (!over) {
        over = device_reset_go_on(&reset);
        behind = behind || (rig.vmd.model.counts.bus_resets != resets && rig.pci.nvme->flrs == flrs + 1 && !over);
        time_wait_until(over ? 0 : reset.due_ns);
    }
    expect_all_but(set.count, STATUS_OK);
    assert_true(behind); /* both were under way at the same time */
    assert_int_equal(rig.pci.plain->bus_resets, buses + 1);
    assert_true(rig.vmd.model.counts.bus_resets > resets);
}

static void a_vmd_that_does_not_wake_its_ports(void **state)
{
    (void)state;
    struct sbdf at = sbdf_make(SBDF_VMD_FIRST, 128, 1, 0);
    uint16_t pm = (uint16_t)(pci_find(&rig.pci.facts, at)->cap.pm + PCI_PM_CONTROL);
    pci_config_write16(at, pm, PCI_PM_D3HOT);
    pci_model_allow(&rig.vmd.model.port[0].space, pm, 2, 0);
    set = (struct device_set){.of = {&rig.pci.plain_device, &rig.device, &rig.pci.nvme_device}, .count = 3};
    (void)run(&rig.pci.facts);
    expect_all_but(1, STATUS_HARDWARE);
}

/* Nothing was touched but what makes them quiet. */
static void no_memory(void **state)
{
    (void)state;
    static struct hpa held[65536];
    size_t count = 0;
    make_functions();
    while (count < ARRAY_LENGTH(held) && pages_alloc(&held[count]) == STATUS_OK) {
        count++;
    }
    assert_true(count < ARRAY_LENGTH(held));
    (void)run(&facts);
    for (unsigned i = 0; i < DEVICES; i++) {
        assert_int_equal(reset.set.status[i], STATUS_NO_MEMORY);
        assert_int_equal(functions[i]->flrs, 0);
    }
    while (count != 0) {
        pages_free(held[--count], PAGE_SIZE);
    }
}

static void nothing_to_reset(void **state)
{
    (void)state;
    set = (struct device_set){.count = 0};
    device_reset_begin(&reset, &rig.pci.facts, &set);
    assert_true(device_reset_go_on(&reset));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(functions_take_one_wait, setup),
        cmocka_unit_test_setup(buses_take_one_wait, setup),
        cmocka_unit_test_setup(they_are_begun_together, setup),
        cmocka_unit_test_setup(one_that_never_comes_back, setup),
        cmocka_unit_test_setup(several_that_never_come_back, setup),
        cmocka_unit_test_setup(one_on_a_bus_that_never_comes_back, setup),
        cmocka_unit_test_setup(a_bus_of_others_is_left_alone, setup),
        cmocka_unit_test_setup(buses_come_before_functions, setup),
        cmocka_unit_test_setup(a_vmd_among_others, setup),
        cmocka_unit_test_setup(a_vmd_that_does_not_wake_its_ports, setup),
        cmocka_unit_test_setup(no_memory, setup),
        cmocka_unit_test_setup(nothing_to_reset, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
