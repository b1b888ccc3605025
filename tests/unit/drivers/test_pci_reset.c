/* SPDX-License-Identifier: GPL-2.0-only
 * Choice of reset and the resets themselves; the fake fails the test on an access inside a mandatory wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "drivers/pci_reset.h"
#include "drivers/pci_reset_run.h"
#include "kernel/core/time.h"
#include "tests/fake/log.h"
#include "tests/fake/pci.h"
#include "tests/fake/time.h"

static uint8_t memory[1 << 16], work[1 << 16];
static struct arena scratch;
static struct pci_facts facts;
static struct diag diags[8];
static struct diag_list list;
static const struct pci_ecam windows[] = {{.segment = 0, .first_bus = 0, .last_bus = 8}};

/* 00:01.0 port -> 01:00.0 upstream -> 02:00.0 downstream -> 03:00.0, 03:00.1; all configured */
static struct fake_pci_function *port, *upstream, *downstream, *dev, *dev1;
#define DOWNSTREAM_EXPRESS 0x40

static int setup(void **state)
{
    (void)state;
    fake_pci_reset();
    fake_time_reset();
    list = diag_list_make(diags, 8);
    scratch = arena_make(work, sizeof(work));
    port = fake_pci_add_bridge(sbdf_make(0, 0, 1, 0), 1, 3);
    upstream = fake_pci_add_bridge(sbdf_make(0, 1, 0, 0), 2, 3);
    downstream = fake_pci_add_bridge(sbdf_make(0, 2, 0, 0), 3, 3);
    dev = fake_pci_add(sbdf_make(0, 3, 0, 0), 0x8086, 0x10d3, 0x020000);
    dev1 = fake_pci_add(sbdf_make(0, 3, 0, 1), 0x8086, 0x10d3, 0x020000);
    fake_pci_add_express(port, PCI_EXPRESS_ROOT_PORT, false);
    fake_pci_add_express(upstream, PCI_EXPRESS_UPSTREAM, false);
    fake_pci_add_express(downstream, PCI_EXPRESS_DOWNSTREAM, false);
    for (unsigned i = 0; i < 2; i++) {
        struct fake_pci_function *f = i == 0 ? dev : dev1;
        fake_pci_add_bar(f, 0, FAKE_BAR_MEM64, 0xfe000000 + i * 0x10000, 0x4000);
        fake_pci_add_rom(f, 0xfd000000, 0x10000);
        fake_pci_set(f, 0x04, 2, 0x0007);
        fake_pci_set(f, 0x3c, 1, 11);
    }
    fake_pci_set(upstream, 0x20, 4, 0xfe00fe00);
    fake_pci_set(upstream, 0x04, 2, 0x0007);
    fake_pci_set(downstream, 0x04, 2, 0x0007);
    return 0;
}

static const struct pci_function *find(const struct fake_pci_function *f)
{
    return pci_find(&facts, f->at);
}

static enum status run(const struct pci_function *f, enum pci_reset_kind kind)
{
    struct arena left = scratch;
    struct pci_reset_run r;
    pci_reset_run_begin(&r, &facts, f, kind, &left);
    while (!pci_reset_run_go_on(&r)) {
        time_wait_until(r.due_ns);
    }
    return r.status;
}

static enum status reset(const struct fake_pci_function *f, enum pci_reset_kind kind)
{
    struct arena arena = arena_make(memory, sizeof(memory));
    pci_config_use_ecam(windows, 1);
    assert_int_equal(pci_enumerate(windows, 1, &arena, &facts, &list), STATUS_OK);
    assert_int_equal(facts.count, 5);
    fake_pci_forget_writes();
    return run(find(f), kind);
}

/* All as before but for bus mastering. */
static void expect_restored(const struct fake_pci_function *f, const struct fake_pci_function *before)
{
    assert_int_equal(fake_pci_get(f, 0x04, 2), fake_pci_get(before, 0x04, 2) & ~4u);
    assert_memory_equal(f->bytes + 6, before->bytes + 6, sizeof(f->bytes) - 6);
}

static void flr(void **state)
{
    (void)state;
    uint16_t express = fake_pci_add_express(dev, PCI_EXPRESS_ENDPOINT, true);
    uint16_t msi = fake_pci_add_msi(dev, true, true);
    fake_pci_set(dev, express + 8, 2, 0x2810);
    fake_pci_set(dev, msi + 4, 4, 0xfee00000);
    fake_pci_set(dev, msi + 0x10, 4, 0xfffffffe);
    struct fake_pci_function before = *dev;
    assert_int_equal(reset(dev, PCI_RESET_FLR), STATUS_OK);
    assert_int_equal(dev->flrs, 1);
    assert_int_equal(dev1->flrs + dev1->bus_resets, 0);
    expect_restored(dev, &before);
    /* bus mastering off before the reset is started */
    assert_true(fake_pci_written(0, dev->at, 0x04, 4, 0) < fake_pci_written(0, dev->at, express + 8, 0x8000, 0x8000));
}

static void lose_ari(struct fake_pci_function *f, uint16_t offset, unsigned width)
{
    (void)offset, (void)width;
    fake_pci_set(f, *(const uint16_t *)f->context, 2, 0);
}

/* The first PF of a device without VFs of its own: those of other PFs follow its bit, and may be on. */
static void ari_comes_back(void **state)
{
    (void)state;
    fake_pci_add_express(dev, PCI_EXPRESS_ENDPOINT, true);
    uint16_t at = (uint16_t)(fake_pci_add_ext_cap(dev, PCI_EXT_SRIOV, 0x40) + PCI_SRIOV_CONTROL);
    fake_pci_make_writable(dev, at, 2, PCI_SRIOV_VFE | PCI_SRIOV_MSE | PCI_SRIOV_ARI);
    fake_pci_set(dev, at, 2, PCI_SRIOV_VFE | PCI_SRIOV_MSE | PCI_SRIOV_ARI);
    assert_int_equal(reset(dev, PCI_RESET_FLR), STATUS_OK);
    assert_int_equal(fake_pci_get(dev, at, 2), PCI_SRIOV_ARI); /* but no VFs of its own */
    size_t again = fake_pci_written(0, dev->at, at, PCI_SRIOV_ARI, PCI_SRIOV_ARI);
    assert_true(again != SIZE_MAX &&
                fake_pci_written(again, dev->at, PCI_COMMAND, 2, 2) != SIZE_MAX); /* decode after */
    dev->hook = lose_ari;
    dev->context = &at;
    assert_int_equal(run(find(dev), PCI_RESET_FLR), STATUS_HARDWARE);
    fake_pci_forget_writes();
    assert_int_equal(run(find(dev), PCI_RESET_FLR), STATUS_OK); /* it was not set: it is not written */
    assert_int_equal(fake_pci_written(0, dev->at, at, 0, 0), SIZE_MAX);
}

static void af_and_power_state(void **state)
{
    (void)state;
    fake_pci_add_af(dev);
    fake_pci_add_pm(dev1, false);
    struct fake_pci_function before = *dev;
    assert_int_equal(reset(dev, PCI_RESET_AF), STATUS_OK);
    assert_int_equal(dev->af_flrs, 1);
    expect_restored(dev, &before);
    before = *dev1;
    assert_int_equal(reset(dev1, PCI_RESET_D3), STATUS_OK);
    assert_int_equal(dev1->power_resets, 1);
    expect_restored(dev1, &before);
}

static void bus_resets_everything_behind_and_restores_top_down(void **state)
{
    (void)state;
    struct fake_pci_function before[] = {*upstream, *downstream, *dev, *dev1};
    assert_int_equal(reset(upstream, PCI_RESET_BUS), STATUS_OK);
    assert_int_equal(upstream->bus_resets, 1);
    assert_int_equal(dev->bus_resets, 1);
    assert_memory_equal(upstream->bytes, before[0].bytes, sizeof(upstream->bytes)); /* bridges keep mastering */
    assert_memory_equal(downstream->bytes, before[1].bytes, sizeof(downstream->bytes));
    expect_restored(dev, &before[2]);
    expect_restored(dev1, &before[3]);
    assert_int_equal(fake_pci_get(port, 0x3e, 2), 0); /* released */
    size_t asserted = fake_pci_written(0, port->at, 0x3e, 0x40, 0x40);
    assert_true(fake_pci_written(0, dev->at, 0x04, 4, 0) < asserted);
}

static void bus_reset_of_the_lowest_level(void **state)
{
    (void)state;
    struct fake_pci_function before = *dev1;
    assert_int_equal(reset(dev, PCI_RESET_BUS), STATUS_OK);
    assert_int_equal(dev->bus_resets + dev1->bus_resets, 2);
    assert_int_equal(upstream->bus_resets, 0);
    expect_restored(dev1, &before);
}

static void slow_device_is_waited_for(void **state)
{
    (void)state;
    fake_pci_add_express(dev, PCI_EXPRESS_ENDPOINT, true);
    dev->busy_us = 700000;
    struct fake_pci_function before = *dev;
    assert_int_equal(reset(dev, PCI_RESET_FLR), STATUS_OK);
    expect_restored(dev, &before);
}

static void dead_device_times_out(void **state)
{
    (void)state;
    fake_pci_add_express(dev, PCI_EXPRESS_ENDPOINT, true);
    dev->busy_us = 10000000;
    assert_int_equal(reset(dev, PCI_RESET_FLR), STATUS_TIMEOUT);
    assert_int_equal(fake_pci_get(dev, 0x04, 2) & 4, 0);
}

/* Configuration request retry is an answer: such a device gets longer. */
static void a_device_that_asks_for_time_gets_it(void **state)
{
    (void)state;
    fake_pci_add_express(dev, PCI_EXPRESS_ENDPOINT, true);
    dev->busy_us = 500000;
    dev->retry_us = 3000000;
    struct fake_pci_function before = *dev;
    assert_int_equal(reset(dev, PCI_RESET_FLR), STATUS_OK);
    expect_restored(dev, &before);
    dev->retry_us = 30000000;
    fake_pci_set(dev, 0x04, 2, 0x0007);
    assert_int_equal(reset(dev, PCI_RESET_FLR), STATUS_TIMEOUT);
    assert_int_equal(fake_pci_get(dev, 0x04, 2) & 4, 0);
}

static void a_function_that_is_gone_is_not_reset(void **state)
{
    (void)state;
    fake_pci_add_express(dev, PCI_EXPRESS_ENDPOINT, true);
    assert_int_equal(reset(dev, PCI_RESET_FLR), STATUS_OK);
    dev->gone = true;
    assert_int_equal(run(find(dev), PCI_RESET_FLR), STATUS_TIMEOUT);
    assert_int_equal(run(find(dev1), PCI_RESET_BUS), STATUS_TIMEOUT);
    assert_int_equal(dev1->bus_resets, 0);
    assert_int_equal(dev->flrs, 1);
}

/* Without No_Soft_Reset, D3hot loses the BARs, and they come back; with it, it is no reset at all. */
static void power_states(void **state)
{
    (void)state;
    uint16_t pm = fake_pci_add_pm(dev, false);
    fake_pci_add_pm(dev1, true);
    struct fake_pci_function before = *dev;
    assert_int_equal(reset(dev, PCI_RESET_D3), STATUS_OK);
    assert_int_equal(dev->power_resets, 1);
    assert_int_equal(fake_pci_get(dev, pm + 4, 2) & 3, 0);
    expect_restored(dev, &before);
    size_t lost = fake_pci_written(0, dev->at, 0x10, UINT32_MAX, 0xfe000004);
    size_t count = 0;
    assert_int_equal(fake_pci_writes(&count)[lost].before, 4); /* it was lost indeed */
    assert_int_equal(reset(dev1, PCI_RESET_D3), STATUS_UNSUPPORTED);
    dev->stuck_power = true;
    assert_int_equal(reset(dev, PCI_RESET_D3), STATUS_TIMEOUT);
    assert_int_equal(fake_pci_get(dev, 0x04, 2) & 4, 0);
}

static void kept_state_is_told(void **state)
{
    (void)state;
    fake_pci_add_pm(dev, false);
    dev->ignores_reset = true;
    fake_log_reset();
    assert_int_equal(reset(dev, PCI_RESET_D3), STATUS_OK);
    assert_int_equal(fake_log_count("0000:03:00.0: kept its state in D3hot"), 1);
}

static void lose_bar(struct fake_pci_function *f, uint16_t offset, unsigned width)
{
    (void)width;
    if (offset == 0x10) {
        fake_pci_set(f, 0x10, 4, 4);
    }
}

/* A BAR that does not take its address back would decode elsewhere. */
static void what_does_not_come_back_is_an_error(void **state)
{
    (void)state;
    fake_pci_add_express(dev, PCI_EXPRESS_ENDPOINT, true);
    assert_int_equal(reset(dev, PCI_RESET_FLR), STATUS_OK);
    dev->hook = lose_bar;
    fake_log_reset();
    assert_int_equal(reset(dev, PCI_RESET_FLR), STATUS_HARDWARE);
    assert_int_equal(fake_log_count("0000:03:00.0: register 0x10 does not keep"), 1);
}

/* Conventional devices need a second after RST#; where a port can tell that its link is up, that is waited for. */
static void buses_get_their_time(void **state)
{
    (void)state;
    uint64_t start = time_now_ns();
    assert_int_equal(reset(dev, PCI_RESET_BUS), STATUS_OK);
    assert_true(time_now_ns() - start < 500000000);
    downstream->bytes[DOWNSTREAM_EXPRESS + 2] = PCI_EXPRESS_TO_PCI << 4 | 2;
    start = time_now_ns();
    assert_int_equal(reset(dev, PCI_RESET_BUS), STATUS_OK);
    assert_true(time_now_ns() - start >= 1000000000);
    downstream->bytes[DOWNSTREAM_EXPRESS + 2] = PCI_EXPRESS_DOWNSTREAM << 4 | 2;
    fake_pci_set(downstream, DOWNSTREAM_EXPRESS + 0xc, 4, 1u << 20); /* its link never comes up */
    start = time_now_ns();
    assert_int_equal(reset(dev, PCI_RESET_BUS), STATUS_OK);
    assert_true(time_now_ns() - start >= 1000000000);
    fake_pci_set(downstream, DOWNSTREAM_EXPRESS + 0x12, 2, 0x2000);
    start = time_now_ns();
    assert_int_equal(reset(dev, PCI_RESET_BUS), STATUS_OK);
    assert_true(time_now_ns() - start < 500000000);
}

static void stuck_transactions_do_not_stop_the_reset(void **state)
{
    (void)state;
    uint16_t express = fake_pci_add_express(dev, PCI_EXPRESS_ENDPOINT, true);
    fake_pci_set(dev, express + 0x0a, 2, 0x20);
    fake_time_step_ns(100000);
    assert_int_equal(reset(dev, PCI_RESET_FLR), STATUS_OK);
    assert_int_equal(dev->flrs, 1);
}

/* A QAT is waited for before its bus mastering goes, and keeps it if it does not come to an end. */
static void what_must_not_be_cut_off(void **state)
{
    (void)state;
    fake_pci_set(dev, 0x00, 4, 0x37c98086);
    uint16_t express = fake_pci_add_express(dev, PCI_EXPRESS_ENDPOINT, true);
    assert_int_equal(reset(dev, PCI_RESET_FLR), STATUS_OK);
    assert_true(fake_pci_written(0, dev->at, 0x04, 4, 0) < fake_pci_written(0, dev->at, express + 8, 0x8000, 0x8000));
    fake_pci_set(dev, 0x04, 2, 0x0007);
    fake_pci_set(dev, express + 0x0a, 2, 0x0020);
    uint64_t before = time_now_ns();
    assert_int_equal(reset(dev, PCI_RESET_FLR), STATUS_OK);
    assert_true(time_now_ns() - before >= 200000000); /* 100 ms for the requests, 100 ms for the reset */
    size_t started = fake_pci_written(0, dev->at, express + 8, 0x8000, 0x8000);
    assert_true(fake_pci_written(0, dev->at, 0x04, 4, 0) > started);
    assert_int_equal(fake_pci_get(dev, 0x04, 2) & 4, 0);
}

/* VFs behind the bus are not there meanwhile: nothing of theirs is saved or restored. */
static void vfs_are_left_out(void **state)
{
    (void)state;
    assert_int_equal(reset(upstream, PCI_RESET_BUS), STATUS_OK);
    struct pci_function *vf = pci_find(&facts, dev1->at);
    vf->is_vf = true;
    fake_pci_forget_writes();
    assert_int_equal(run(find(dev), PCI_RESET_BUS), STATUS_OK);
    assert_int_equal(fake_pci_written(0, dev1->at, 0x04, 0, 0), SIZE_MAX);
    assert_false(pci_reset_possible(vf, PCI_RESET_BUS));
    assert_int_equal(run(vf, PCI_RESET_BUS), STATUS_UNSUPPORTED);
}

static void impossible_resets_are_refused(void **state)
{
    (void)state;
    fake_pci_add_pm(dev, true);
    assert_int_equal(reset(dev, PCI_RESET_FLR), STATUS_UNSUPPORTED);
    assert_int_equal(reset(dev, PCI_RESET_AF), STATUS_UNSUPPORTED);
    assert_int_equal(reset(dev, PCI_RESET_D3), STATUS_UNSUPPORTED); /* No_Soft_Reset */
    assert_int_equal(reset(dev, PCI_RESET_NONE), STATUS_UNSUPPORTED);
    assert_int_equal(reset(port, PCI_RESET_BUS), STATUS_UNSUPPORTED); /* no bridge above */
    size_t count = 0;
    fake_pci_writes(&count);
    assert_int_equal(count, 0);
    scratch = arena_make(work, 8);
    assert_int_equal(reset(dev, PCI_RESET_BUS), STATUS_NO_MEMORY);
    fake_pci_writes(&count);
    assert_int_equal(count, 0);
}

static void choice(void **state)
{
    (void)state;
    struct pci_function f = {.parent = 0};
    assert_int_equal(pci_reset_method(&f, false), PCI_RESET_NONE);
    assert_int_equal(pci_reset_method(&f, true), PCI_RESET_BUS);
    f.cap.pm = 0x40;
    assert_int_equal(pci_reset_method(&f, true), PCI_RESET_D3);
    f.no_soft_reset = true;
    assert_int_equal(pci_reset_method(&f, true), PCI_RESET_BUS);
    f.has_af_flr = true;
    assert_int_equal(pci_reset_method(&f, true), PCI_RESET_AF);
    f.has_flr = true;
    assert_int_equal(pci_reset_method(&f, true), PCI_RESET_FLR);
    f = (struct pci_function){.parent = PCI_NO_INDEX};
    assert_int_equal(pci_reset_method(&f, true), PCI_RESET_NONE);
    assert_string_equal(pci_reset_text(PCI_RESET_D3), "d3d0");
}

static void bus_alone(void **state)
{
    (void)state;
    (void)reset(dev, PCI_RESET_NONE); /* only to enumerate */
    uint32_t both[] = {pci_find_index(&facts, dev1->at), pci_find_index(&facts, dev->at)};
    assert_true(pci_reset_bus_alone(&facts, find(dev), both, 2));
    assert_false(pci_reset_bus_alone(&facts, find(dev), both, 1));
    assert_false(pci_reset_bus_alone(&facts, find(port), both, 2));
    assert_true(pci_reset_bus_alone(&facts, find(upstream), both, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(flr, setup),
        cmocka_unit_test_setup(ari_comes_back, setup),
        cmocka_unit_test_setup(af_and_power_state, setup),
        cmocka_unit_test_setup(bus_resets_everything_behind_and_restores_top_down, setup),
        cmocka_unit_test_setup(bus_reset_of_the_lowest_level, setup),
        cmocka_unit_test_setup(slow_device_is_waited_for, setup),
        cmocka_unit_test_setup(dead_device_times_out, setup),
        cmocka_unit_test_setup(a_device_that_asks_for_time_gets_it, setup),
        cmocka_unit_test_setup(a_function_that_is_gone_is_not_reset, setup),
        cmocka_unit_test_setup(power_states, setup),
        cmocka_unit_test_setup(kept_state_is_told, setup),
        cmocka_unit_test_setup(what_does_not_come_back_is_an_error, setup),
        cmocka_unit_test_setup(buses_get_their_time, setup),
        cmocka_unit_test_setup(stuck_transactions_do_not_stop_the_reset, setup),
        cmocka_unit_test_setup(what_must_not_be_cut_off, setup),
        cmocka_unit_test_setup(vfs_are_left_out, setup),
        cmocka_unit_test_setup(impossible_resets_are_refused, setup),
        cmocka_unit_test_setup(choice, setup),
        cmocka_unit_test_setup(bus_alone, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
