/* SPDX-License-Identifier: GPL-2.0-only
 * Taking a device from a guest (guest/pci_function.c) that must keep bus mastering while it is busy: a QAT's VF. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "guest/pci_function.h"
#include "tests/fake/guest_pci_rig.h"
#include "tests/fake/time.h"

static struct guest_pci_rig rig;
static struct guest_pci_function *f;
static uint16_t state_at; /* DevSta */
static unsigned looks_left, mastering_meanwhile;

static bool masters(void)
{
    return (fake_pci_get(rig.nvme, PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER) != 0;
}

/* Its requests come to an end some looks at the clock later. */
static void work(void *context)
{
    (void)context;
    if (looks_left == 0) {
        return;
    }
    mastering_meanwhile += masters();
    if (--looks_left == 0) {
        fake_pci_set(rig.nvme, state_at, 2, 0);
    }
}

static int setup(void **state)
{
    (void)state;
    guest_pci_rig_start(&rig);
    struct pci_function *facts = &rig.facts.functions[pci_find_index(&rig.facts, rig.nvme->at)];
    facts->vendor = 0x8086;
    facts->device = 0x37c9;
    f = guest_pci_rig_attach(&rig, &rig.nvme_device);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
    assert_true(masters());
    state_at = (uint16_t)(facts->cap.express + PCI_EXP_DEVSTA);
    fake_pci_set(rig.nvme, state_at, 2, PCI_DEVSTA_PENDING);
    looks_left = mastering_meanwhile = 0;
    fake_pci_forget_writes();
    fake_time_on_look(work, NULL);
    return 0;
}

static void requests_come_to_their_end_first(void **state)
{
    (void)state;
    looks_left = 1000;
    assert_int_equal(guest_pci_function_withdraw(f), STATUS_OK);
    assert_int_equal(mastering_meanwhile, 1000);
    assert_false(masters());
    assert_false(f->attached);
}

/* Without an end: out of its domain, dead, but not cut off. */
static void requests_without_an_end(void **state)
{
    (void)state;
    assert_int_equal(guest_pci_function_withdraw(f), STATUS_TIMEOUT);
    assert_true(masters() && f->dead && !f->attached);
    assert_int_equal(fake_pci_written(0, rig.nvme->at, PCI_COMMAND, PCI_COMMAND_BUS_MASTER, 0), SIZE_MAX);
}

/* Nor by its own guest's word. */
static void the_guest_cannot_cut_it_off(void **state)
{
    (void)state;
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_true(masters());
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
    fake_pci_set(rig.nvme, state_at, 2, 0);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_false(masters());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(requests_come_to_their_end_first, setup),
        cmocka_unit_test_setup(requests_without_an_end, setup),
        cmocka_unit_test_setup(the_guest_cannot_cut_it_off, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
