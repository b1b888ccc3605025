/* SPDX-License-Identifier: GPL-2.0-only
 * Order and completeness of silencing a machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_diag.h"
#include "drivers/pci_quiesce.h"
#include "tests/fake/pci.h"
#include "tests/fake/time.h"

#define COMMAND 0x04
#define MASTER 0x0004
#define INTX_OFF 0x0400

static uint8_t memory[1 << 16];
static struct pci_facts facts;
static struct diag diags[32];
static struct diag_list list;
static const struct pci_ecam windows[] = {{.segment = 0, .first_bus = 0, .last_bus = 8}};

/* 00:00.0 host bridge, 00:01.0 port -> 01:00.0 switch -> 02:00.0 device, 00:02.0 device, 00:03.0 port -> 04:00.0 */
static struct fake_pci_function *host, *port, *inner, *deep, *flat, *port2, *deep2;

static struct fake_pci_function *mastering(struct fake_pci_function *f)
{
    fake_pci_set(f, COMMAND, 2, 0x0007);
    return f;
}

static int setup(void **state)
{
    (void)state;
    fake_pci_reset();
    fake_time_reset();
    list = diag_list_make(diags, 32);
    host = mastering(fake_pci_add(sbdf_make(0, 0, 0, 0), 0x8086, 0x29c0, 0x060000));
    port = mastering(fake_pci_add_bridge(sbdf_make(0, 0, 1, 0), 1, 2));
    inner = mastering(fake_pci_add_bridge(sbdf_make(0, 1, 0, 0), 2, 2));
    deep = mastering(fake_pci_add(sbdf_make(0, 2, 0, 0), 0x8086, 0x10d3, 0x020000));
    flat = mastering(fake_pci_add(sbdf_make(0, 0, 2, 0), 0x1234, 0x11e8, 0x00ff00));
    port2 = mastering(fake_pci_add_bridge(sbdf_make(0, 0, 3, 0), 4, 4));
    deep2 = mastering(fake_pci_add(sbdf_make(0, 4, 0, 0), 0x8086, 0x10d3, 0x020000));
    return 0;
}

static void quiesce(const struct sbdf *keep, size_t count)
{
    struct arena arena = arena_make(memory, sizeof(memory));
    pci_config_use_ecam(windows, 1);
    assert_int_equal(pci_enumerate(windows, 1, &arena, &facts, &list), STATUS_OK);
    fake_pci_forget_writes();
    pci_quiesce_all(&facts, keep, count, &list);
}

static bool masters(const struct fake_pci_function *f)
{
    return (fake_pci_get(f, COMMAND, 2) & MASTER) != 0;
}

/* When bus mastering of f was cleared, as a position in the write log. */
static size_t cleared(const struct fake_pci_function *f)
{
    return fake_pci_written(0, f->at, COMMAND, MASTER, 0);
}

static void everything_off_and_bottom_up(void **state)
{
    (void)state;
    quiesce(NULL, 0);
    const struct fake_pci_function *all[] = {port, inner, deep, flat, port2, deep2};
    for (size_t i = 0; i < 6; i++) {
        assert_false(masters(all[i]));
        assert_true((fake_pci_get(all[i], COMMAND, 2) & INTX_OFF) != 0);
        assert_int_equal(fake_pci_get(all[i], COMMAND, 2) & 3, 3); /* decoders stay: the console may be there */
    }
    assert_true(masters(host)); /* and untouched */
    assert_int_equal(cleared(host), SIZE_MAX);
    assert_true(cleared(deep) < cleared(inner) && cleared(inner) < cleared(port));
    assert_true(cleared(flat) < cleared(port) && cleared(flat) < cleared(port2) && cleared(deep2) < cleared(inner));
    assert_int_equal(list.count, 0);
}

static void kept_devices_and_the_bridges_above(void **state)
{
    (void)state;
    uint16_t msi = fake_pci_add_msi(deep, false, false);
    fake_pci_set(deep, msi + 2, 2, 1);
    quiesce(&deep->at, 1);
    assert_true(masters(deep) && masters(inner) && masters(port));
    assert_false(masters(flat) || masters(port2) || masters(deep2));
    assert_int_equal(fake_pci_get(deep, msi + 2, 2) & 1, 0); /* its interrupts are off all the same */
    assert_true((fake_pci_get(deep, COMMAND, 2) & INTX_OFF) != 0);
    /* never cleared and set again: RMRR devices must not see a gap */
    assert_int_equal(cleared(deep), SIZE_MAX);
    assert_int_equal(cleared(port), SIZE_MAX);
}

static void keeping_a_bridge_keeps_what_is_behind(void **state)
{
    (void)state;
    quiesce(&port->at, 1);
    assert_true(masters(deep) && masters(inner) && masters(port));
    assert_false(masters(deep2));
}

static void interrupts_and_translation_services_off(void **state)
{
    (void)state;
    fake_pci_add_express(deep, PCI_EXPRESS_ENDPOINT, true);
    uint16_t msix = fake_pci_add_msix(deep, 4, 0, 0x800);
    uint16_t ats = fake_pci_add_ext_cap(deep, 0x0f, 8);
    uint16_t pri = fake_pci_add_ext_cap(deep, 0x13, 16);
    uint16_t pasid = fake_pci_add_ext_cap(deep, 0x1b, 8);
    fake_pci_make_writable(deep, ats + 6, 2, 0x801f);
    fake_pci_make_writable(deep, pri + 4, 2, 3);
    fake_pci_make_writable(deep, pasid + 6, 2, 7);
    fake_pci_set(deep, ats + 6, 2, 0x8003);
    fake_pci_set(deep, pri + 4, 2, 1);
    fake_pci_set(deep, pasid + 6, 2, 1);
    fake_pci_set(deep, msix + 2, 2, 0x8003);
    quiesce(NULL, 0);
    assert_int_equal(fake_pci_get(deep, ats + 6, 2), 0x0003);
    assert_int_equal(fake_pci_get(deep, pri + 4, 2), 0);
    assert_int_equal(fake_pci_get(deep, pasid + 6, 2), 0);
    assert_int_equal(fake_pci_get(deep, msix + 2, 2), 0x0003);
    size_t ats_off = fake_pci_written(0, deep->at, ats + 6, 0x8000, 0);
    assert_true(ats_off < fake_pci_written(0, deep->at, pasid + 6, 1, 0));
    assert_true(cleared(deep) < ats_off);
    assert_int_equal(list.count, 0);
}

static void hardwired_bits_are_told(void **state)
{
    (void)state;
    fake_pci_make_writable(flat, COMMAND, 2, 0x0403);
    fake_pci_add_express(deep, PCI_EXPRESS_ENDPOINT, false);
    uint16_t ats = fake_pci_add_ext_cap(deep, 0x0f, 8);
    fake_pci_set(deep, ats + 6, 2, 0x8000);
    quiesce(NULL, 0);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.items[0].code, PCI_DIAG_ATS);
    assert_int_equal(list.items[1].code, PCI_DIAG_BUS_MASTER);
    assert_string_equal(list.items[1].where, "0000:00:02.0");
}

static void stuck_transactions_end_after_100_ms(void **state)
{
    (void)state;
    uint16_t express = fake_pci_add_express(deep, PCI_EXPRESS_ENDPOINT, false);
    fake_pci_set(deep, express + 0x0a, 2, 0x0020);
    fake_time_step_ns(1000000);
    quiesce(NULL, 0);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].code, PCI_DIAG_PENDING);
    assert_false(masters(port));
}

static void opening_a_path(void **state)
{
    (void)state;
    quiesce(NULL, 0);
    fake_pci_forget_writes();
    pci_bus_master_set(&facts, pci_find(&facts, deep->at), true);
    assert_true(masters(deep) && masters(inner) && masters(port));
    assert_false(masters(flat) || masters(port2) || masters(deep2));
    size_t top = fake_pci_written(0, port->at, COMMAND, MASTER, MASTER);
    assert_true(top < fake_pci_written(0, inner->at, COMMAND, MASTER, MASTER));
    assert_true(fake_pci_written(0, deep->at, COMMAND, MASTER, MASTER) == 2);
    pci_bus_master_set(&facts, pci_find(&facts, deep->at), false);
    assert_false(masters(deep));
    assert_true(masters(inner) && masters(port));
}

static void panic_hook_stops_all_without_the_lock(void **state)
{
    (void)state;
    quiesce(&deep->at, 1);
    deep2->gone = true;
    assert_false(fake_pci_lock_broken());
    pci_stop_all_bus_masters();
    assert_true(fake_pci_lock_broken());
    assert_false(masters(deep) || masters(inner) || masters(port) || masters(flat));
}

/* A machine that was refused before. */
static void functions_that_were_never_quiet_stop_too(void **state)
{
    (void)state;
    struct pci_function late = {.at = deep2->at};
    const struct pci_facts others = {.functions = &late, .count = 1};
    quiesce(&deep2->at, 1);
    facts.count = 0;
    pci_stop_all_bus_masters();
    assert_true(masters(deep2));
    pci_stop_bus_masters(&others);
    assert_false(masters(deep2));
}

static void escalation_is_masked_up_to_the_root(void **state)
{
    (void)state;
    uint16_t root = fake_pci_add_express(port, PCI_EXPRESS_ROOT_PORT, false);
    uint16_t aer = fake_pci_add_ext_cap(port, 0x01, 0x38);
    fake_pci_make_writable(port, aer + 0x2c, 4, 7);
    fake_pci_set(port, aer + 0x2c, 4, 7);
    fake_pci_set(port, root + 0x1c, 2, 0x000f);
    fake_pci_set(port, 0x3e, 2, 0x0002);
    fake_pci_set(port, COMMAND, 2, 0x0107);
    uint16_t express = fake_pci_add_express(deep, PCI_EXPRESS_ENDPOINT, false);
    fake_pci_set(deep, express + 8, 2, 0x281f);
    fake_pci_set(deep, COMMAND, 2, 0x0107);
    quiesce(NULL, 0);
    pci_escalation_mask(&facts, pci_find(&facts, deep->at));
    assert_int_equal(fake_pci_get(deep, express + 8, 2), 0x2810);
    assert_int_equal(fake_pci_get(deep, COMMAND, 2) & 0x0100, 0);
    assert_int_equal(fake_pci_get(port, COMMAND, 2) & 0x0100, 0);
    assert_int_equal(fake_pci_get(port, 0x3e, 2), 0);
    assert_int_equal(fake_pci_get(port, root + 0x1c, 2), 0x0008);
    assert_int_equal(fake_pci_get(port, aer + 0x2c, 4), 0);
}

static void uhci_is_taken_before_bus_mastering_goes(void **state)
{
    (void)state;
    struct fake_pci_function *uhci = mastering(fake_pci_add(sbdf_make(0, 0, 29, 0), 0x8086, 0x2934, 0x0c0300));
    fake_pci_make_writable(uhci, 0xc0, 2, 0x20bf);
    fake_pci_set(uhci, 0xc0, 2, 0x2010);
    quiesce(NULL, 0);
    assert_int_equal(fake_pci_get(uhci, 0xc0, 2), 0);
    assert_true(fake_pci_written(0, uhci->at, 0xc0, 0xffff, 0x8f00) < cleared(uhci));
}

/* A QAT: DevSta says whether requests are under way (bit 5). */
static struct fake_pci_function *add_qat(uint16_t *express)
{
    struct fake_pci_function *qat = mastering(fake_pci_add(sbdf_make(0, 4, 1, 0), 0x8086, 0x37c8, 0x0b4000));
    *express = fake_pci_add_express(qat, PCI_EXPRESS_ENDPOINT, true);
    return qat;
}

static void bus_mastering_stays_while_busy(void **state)
{
    uint16_t express = 0;
    (void)state;
    struct fake_pci_function *qat = add_qat(&express);
    quiesce(NULL, 0);
    pci_bus_master_set(&facts, pci_find(&facts, qat->at), true);
    fake_pci_set(qat, express + 0x0a, 2, 0x0020);
    fake_pci_forget_writes();
    pci_bus_master_set(&facts, pci_find(&facts, qat->at), false);
    assert_true(masters(qat));
    assert_int_equal(cleared(qat), SIZE_MAX); /* not even for a moment */
    fake_pci_set(qat, express + 0x0a, 2, 0);
    pci_bus_master_set(&facts, pci_find(&facts, qat->at), false);
    assert_false(masters(qat));
    /* Any other device is cut off at once. */
    uint16_t other = fake_pci_add_express(deep, PCI_EXPRESS_ENDPOINT, true);
    quiesce(NULL, 0);
    pci_bus_master_set(&facts, pci_find(&facts, deep->at), true);
    fake_pci_set(deep, other + 0x0a, 2, 0x0020);
    pci_bus_master_set(&facts, pci_find(&facts, deep->at), false);
    assert_false(masters(deep));
}

/* At boot nothing else holds its DMA back, and after a panic nobody uses it again. */
static void but_not_for_ever(void **state)
{
    uint16_t express = 0;
    (void)state;
    struct fake_pci_function *qat = add_qat(&express);
    fake_pci_set(qat, express + 0x0a, 2, 0x0020);
    quiesce(NULL, 0);
    assert_false(masters(qat));
    assert_int_equal(list.count, 1);
    assert_int_equal(diags[0].code, PCI_DIAG_PENDING);
    pci_bus_master_set(&facts, pci_find(&facts, qat->at), true);
    pci_stop_all_bus_masters();
    assert_false(masters(qat));
}

/* Of a VF the PF has the registers. */
static void errors_of_the_rules_are_masked(void **state)
{
    uint16_t express = 0;
    (void)state;
    struct fake_pci_function *qat = add_qat(&express);
    uint16_t aer = fake_pci_add_ext_cap(qat, 0x0001, 0x2c);
    fake_pci_make_writable(qat, aer + 8, 4, 0x07fff030);
    fake_pci_set(qat, aer + 8, 4, 0x00000010);
    fake_pci_set(qat, express + 8, 2, 0x281f);
    quiesce(NULL, 0);
    struct pci_function vf = {.at = sbdf_make(0, 4, 1, 1),
                              .vendor = 0x8086,
                              .device = 0x37c9,
                              .is_vf = true,
                              .parent = PCI_NO_INDEX,
                              .pf = pci_find_index(&facts, qat->at)};
    pci_escalation_mask(&facts, &vf);
    assert_int_equal(fake_pci_get(qat, aer + 8, 4), 0x00504010); /* bits 14, 20 and 22 */
    assert_int_equal(fake_pci_get(qat, express + 8, 2), 0x2810);
    aer = fake_pci_add_ext_cap(deep, 0x0001, 0x2c);
    fake_pci_make_writable(deep, aer + 8, 4, 0x07fff030);
    fake_pci_add_express(deep, PCI_EXPRESS_ENDPOINT, false);
    quiesce(NULL, 0);
    pci_escalation_mask(&facts, pci_find(&facts, deep->at));
    assert_int_equal(fake_pci_get(deep, aer + 8, 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(everything_off_and_bottom_up, setup),
        cmocka_unit_test_setup(kept_devices_and_the_bridges_above, setup),
        cmocka_unit_test_setup(keeping_a_bridge_keeps_what_is_behind, setup),
        cmocka_unit_test_setup(interrupts_and_translation_services_off, setup),
        cmocka_unit_test_setup(hardwired_bits_are_told, setup),
        cmocka_unit_test_setup(stuck_transactions_end_after_100_ms, setup),
        cmocka_unit_test_setup(opening_a_path, setup),
        cmocka_unit_test_setup(panic_hook_stops_all_without_the_lock, setup),
        cmocka_unit_test_setup(functions_that_were_never_quiet_stop_too, setup),
        cmocka_unit_test_setup(escalation_is_masked_up_to_the_root, setup),
        cmocka_unit_test_setup(bus_mastering_stays_while_busy, setup),
        cmocka_unit_test_setup(but_not_for_ever, setup),
        cmocka_unit_test_setup(errors_of_the_rules_are_masked, setup),
        cmocka_unit_test_setup(uhci_is_taken_before_bus_mastering_goes, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
