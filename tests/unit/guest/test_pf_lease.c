/* SPDX-License-Identifier: GPL-2.0-only
 * guest/pf_lease.c: users or a reset, never both, and what a reset leaves. */
#include "guest/pf_lease.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "kernel/hw/pci_config.h"
#include "tests/fake/log.h"
#include "tests/fake/pci.h"
#include "tests/fake/time.h"

static struct fake_pci_function *pf, *vf;
static struct sriov sriov;
static struct pf_lease lease;
static struct pci_ecam window;

static int setup(void **state)
{
    (void)state;
    fake_log_reset();
    fake_pci_reset();
    window = (struct pci_ecam){.base = hpa(0xb0000000), .last_bus = 1};
    pci_config_use_ecam(&window, 1);
    pf = fake_pci_add(sbdf_make(0, 0, 5, 0), 0x1b36, 0x0010, 0x010802);
    vf = fake_pci_add(sbdf_make(0, 0, 5, 1), 0x1b36, 0x0010, 0x010802);
    uint16_t cap = fake_pci_add_ext_cap(pf, PCI_EXT_SRIOV, 0x40);
    fake_pci_make_writable(pf, cap + PCI_SRIOV_CONTROL, 2, PCI_SRIOV_VFE | PCI_SRIOV_MSE);
    fake_pci_make_writable(pf, cap + PCI_SRIOV_NUM, 2, 0xffff);
    fake_pci_make_writable(pf, cap + PCI_SRIOV_PAGE, 4, UINT32_MAX);
    fake_pci_make_writable(pf, cap + PCI_SRIOV_BAR0, 4, 0xffffc000);
    fake_pci_set(pf, cap + PCI_SRIOV_OFFSET, 2, 1);
    fake_pci_set(pf, cap + PCI_SRIOV_STRIDE, 2, 1);
    sriov = (struct sriov){.at = pf->at,
                           .cap = cap,
                           .num = 1,
                           .offset = 1,
                           .stride = 1,
                           .page = 1,
                           .bars = {{.kind = PCI_BAR_MEM32, .address = 0x40000000, .size = 0x4000}}};
    lease = (struct pf_lease){.sriov = &sriov};
    return 0;
}

static uint32_t get(unsigned offset, unsigned width)
{
    return fake_pci_get(pf, (uint16_t)(sriov.cap + offset), width);
}

static void users_or_a_reset(void **state)
{
    (void)state;
    assert_int_equal(pf_lease_use(&lease), STATUS_OK);
    assert_int_equal(pf_lease_use(&lease), STATUS_OK);
    assert_false(pf_lease_reserve(&lease));
    pf_lease_leave(&lease);
    assert_false(pf_lease_reserve(&lease));
    pf_lease_leave(&lease);
    assert_true(pf_lease_reserve(&lease));
    assert_false(pf_lease_reserve(&lease));
    assert_int_equal(pf_lease_use(&lease), STATUS_CONFLICT);
    pf_lease_release(&lease);
    assert_int_equal(pf_lease_use(&lease), STATUS_OK);
}

static void restore(enum status reset)
{
    if (pf_lease_restore_begin(&lease, reset)) {
        fake_time_advance_ns(SRIOV_READY_US * 1000);
        pf_lease_restore_end(&lease);
    }
}

static void the_same_vfs_are_on_again(void **state)
{
    (void)state;
    assert_true(pf_lease_reserve(&lease));
    restore(STATUS_OK);
    assert_int_equal(get(PCI_SRIOV_CONTROL, 2), PCI_SRIOV_VFE | PCI_SRIOV_MSE);
    assert_int_equal(get(PCI_SRIOV_NUM, 2), 1);
    assert_int_equal(get(PCI_SRIOV_PAGE, 4), 1);
    assert_int_equal(get(PCI_SRIOV_BAR0, 4), 0x40000000);
    pf_lease_release(&lease);
    assert_int_equal(pf_lease_use(&lease), STATUS_OK);
    assert_int_equal(fake_log_count("sriov: 0000:00:05.0: 1 VFs are on again"), 1);
}

static void off_is_off_for_guests_until_the_next_reset(void **state)
{
    (void)state;
    vf->gone = true;
    assert_true(pf_lease_reserve(&lease));
    restore(STATUS_OK);
    pf_lease_release(&lease);
    assert_int_equal(get(PCI_SRIOV_CONTROL, 2), 0);
    assert_int_equal(pf_lease_use(&lease), STATUS_HARDWARE);
    assert_int_equal(fake_log_count("stay off after its reset: timeout"), 1);
    vf->gone = false;
    assert_true(pf_lease_reserve(&lease)); /* the refused user left nothing behind */
    restore(STATUS_HARDWARE);              /* the PF's own reset failed: nothing is tried */
    pf_lease_release(&lease);
    assert_int_equal(get(PCI_SRIOV_CONTROL, 2), 0);
    assert_int_equal(pf_lease_use(&lease), STATUS_HARDWARE);
    assert_true(pf_lease_reserve(&lease));
    restore(STATUS_OK);
    pf_lease_release(&lease);
    assert_int_equal(pf_lease_use(&lease), STATUS_OK);
}

static void each_function_has_its_pf_s(void **state)
{
    (void)state;
    uint8_t bytes[512] __attribute__((aligned(16)));
    struct arena arena = arena_make(bytes, sizeof(bytes));
    struct pci_function functions[4];
    memset(functions, 0, sizeof(functions));
    functions[2].is_vf = true;
    functions[2].pf = 1;
    const struct pci_facts pci = {.functions = functions, .count = 4};
    static struct sriov_facts facts;
    struct pf_lease *all = NULL;
    facts.pfs[0].pf = 3;
    facts.pfs[1].pf = 1;
    facts.count = 2;
    assert_int_equal(pf_lease_make(&facts, &arena, &all), STATUS_OK);
    assert_ptr_equal(all[1].sriov, &facts.pfs[1]);
    assert_null(pf_lease_of(all, &facts, &pci, 0));
    assert_ptr_equal(pf_lease_of(all, &facts, &pci, 1), &all[1]);
    assert_ptr_equal(pf_lease_of(all, &facts, &pci, 2), &all[1]);
    assert_ptr_equal(pf_lease_of(all, &facts, &pci, 3), &all[0]);
    arena = arena_make(bytes, 16);
    assert_int_equal(pf_lease_make(&facts, &arena, &all), STATUS_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(users_or_a_reset, setup),
        cmocka_unit_test_setup(the_same_vfs_are_on_again, setup),
        cmocka_unit_test_setup(each_function_has_its_pf_s, setup),
        cmocka_unit_test_setup(off_is_off_for_guests_until_the_next_reset, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
