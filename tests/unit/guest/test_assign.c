/* SPDX-License-Identifier: GPL-2.0-only
 * Attach and detach: in which order, and what is left. */
#include "guest/assign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "kernel/core/pages.h"
#include "tests/fake/guest_pci_rig.h"
#include "tests/fake/irq.h"

static struct guest_pci_rig rig;
static size_t failed;
static bool shared; /* with one set of tables for vCPUs and devices */

static int setup(void **state)
{
    (void)state;
    (shared ? guest_pci_rig_start_shared : guest_pci_rig_start)(&rig);
    return 0;
}

static bool reaches_ram(const struct fake_pci_function *f)
{
    uint64_t host = 0;
    return vtd_model_may_now(rig.model, sbdf_rid(f->at), 0x1000, true, &host);
}

static void work(void)
{
    struct guest_pci_function *f = rig.pci.functions[1];
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
    guest_pci_rig_write(&rig, 1, f->view.msix + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE);
    uint64_t table = f->bars[0].mapped_at + RIG_TABLE;
    bus_write(&rig.mmio, table, 4, 0xfee01000, 0);
    bus_write(&rig.mmio, table + 12, 4, 0, 0);
    assert_true(guest_pci_rig_send_msix(&rig, 0));
}

static void attach_resets_first_and_stays_quiet(void **state)
{
    (void)state;
    guest_pci_rig_attach(&rig, &rig.nvme_device);
    assert_int_equal(rig.nvme->flrs, 1);
    assert_true(reaches_ram(rig.nvme));
    assert_false(reaches_ram(rig.plain));
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2), PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF);
    /* errors are not escalated, by the device or its port */
    assert_int_equal(fake_pci_get(fake_pci_find(sbdf_make(0, 0, 3, 0)), PCI_COMMAND, 2) & PCI_COMMAND_SERR, 0);
    assert_null(guest_pci_rig_wrong(&rig));
}

static void a_device_without_flr_is_reset_by_its_bus(void **state)
{
    (void)state;
    guest_pci_rig_attach(&rig, &rig.plain_device);
    assert_int_equal(rig.plain->bus_resets, 1);
    assert_int_equal(rig.nvme->bus_resets, 0);
    assert_null(guest_pci_rig_wrong(&rig));
}

static void detach_leaves_nothing(void **state)
{
    (void)state;
    uint64_t pages = pages_used_bytes();
    uint64_t tables = rig.nested.table_pages + rig.domain.tables.table_pages;
    guest_pci_rig_attach(&rig, &rig.nvme_device);
    work();
    size_t ranges = rig.mmio.count;
    unsigned flushes = rig.flushes;
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.nvme_device), STATUS_OK);
    struct radix_mapping m;
    assert_false(reaches_ram(rig.nvme));
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER, 0);
    assert_int_equal(fake_irq_taken(), 0);
    assert_int_equal(rig.nvme->flrs, 2);
    assert_int_equal(rig.mmio.count, ranges - 1);
    assert_true(rig.flushes > flushes);
    assert_int_equal(radix_lookup(&rig.nested, GUEST_BAR32_START, &m), STATUS_NOT_FOUND);
    assert_int_equal(guest_pci_rig_read(&rig, 1, 0, 4), 0xffffffff);
    tables = rig.nested.table_pages + rig.domain.tables.table_pages - tables;
    assert_int_equal(pages_used_bytes(), pages + tables * PAGE_SIZE + PAGE_SIZE); /* and the context table */
    assert_null(guest_pci_rig_wrong(&rig));
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.nvme_device), STATUS_NOT_FOUND);
    guest_pci_rig_attach(&rig, &rig.nvme_device); /* and again */
    work();
    assert_null(guest_pci_rig_wrong(&rig));
}

static void detach_masters_off_before_the_domain_is_left(void **state)
{
    (void)state;
    guest_pci_rig_attach(&rig, &rig.nvme_device);
    work();
    fake_pci_forget_writes();
    uint64_t descriptors = rig.model->descriptors;
    rig.nvme->gone = false;
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.nvme_device), STATUS_OK);
    size_t off = fake_pci_written(0, rig.nvme->at, PCI_COMMAND, PCI_COMMAND_BUS_MASTER, 0);
    assert_int_equal(off, 0); /* the very first write */
    assert_true(rig.model->descriptors > descriptors);
}

static void a_unit_that_does_not_confirm_is_reported(void **state)
{
    (void)state;
    guest_pci_rig_attach(&rig, &rig.nvme_device);
    work();
    rig.model->knobs.stuck_waits = true;
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.nvme_device), STATUS_TIMEOUT);
    assert_true(rig.domain.quarantined);
    assert_true(rig.pci.functions[1]->dead);
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER, 0);
    assert_int_equal(guest_pci_rig_read(&rig, 1, 0, 4), 0xffffffff);
}

static void requests_that_stay_pending_are_reported(void **state)
{
    (void)state;
    guest_pci_rig_attach(&rig, &rig.nvme_device);
    fake_pci_set(rig.nvme, rig.nvme_facts->cap.express + PCI_EXP_DEVSTA, 2, PCI_DEVSTA_PENDING);
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.nvme_device), STATUS_TIMEOUT);
    assert_false(reaches_ram(rig.nvme));
}

static void a_device_that_does_not_come_back_is_refused(void **state)
{
    (void)state;
    rig.nvme->busy_us = 5000000;
    assert_int_equal(guest_pci_rig_assign(&rig.pci, &rig.nvme_device, 1, &failed), STATUS_TIMEOUT);
    assert_false(reaches_ram(rig.nvme));
    assert_int_equal(guest_pci_rig_read(&rig, 1, 0, 4), 0xffffffff);
}

static void a_bad_bar_leaves_no_trace(void **state)
{
    (void)state;
    struct pci_function host = *rig.nvme_facts;
    struct vm_device device = rig.nvme_device;
    device.function = &host;
    uint64_t pages = pages_used_bytes();
    host.bars[0].assigned = false;
    assert_int_equal(guest_pci_rig_assign(&rig.pci, &device, 1, &failed), STATUS_UNSUPPORTED);
    host = *rig.nvme_facts;
    fake_pci_set(rig.nvme, host.cap.msix + PCI_MSIX_TABLE, 4, 0x4000); /* past the BAR */
    assert_int_equal(guest_pci_rig_assign(&rig.pci, &device, 1, &failed), STATUS_OUT_OF_RANGE);
    host.bars[0].size = GIB;
    host.bars[0].kind = PCI_BAR_MEM32;
    assert_int_equal(guest_pci_rig_assign(&rig.pci, &device, 1, &failed), STATUS_NO_MEMORY);
    assert_int_equal(pages_used_bytes(), pages);
    assert_false(reaches_ram(rig.nvme));
}

static void a_source_in_use_is_refused(void **state)
{
    (void)state;
    struct vtd_domain other;
    assert_int_equal(vtd_domain_create(&rig.vtd.vtd, &other), STATUS_OK);
    assert_int_equal(vtd_attach(&rig.vtd.units[0], sbdf_rid(rig.nvme->at), &other), STATUS_OK);
    assert_int_equal(guest_pci_rig_assign(&rig.pci, &rig.nvme_device, 1, &failed), STATUS_CONFLICT);
    assert_null(rig.pci.functions[1]);
    assert_int_equal(rig.mmio.count, 1); /* ECAM */
}

static void reset_brings_quiet_devices(void **state)
{
    (void)state;
    const struct vm_device both[] = {rig.nvme_device, rig.plain_device};
    assert_int_equal(guest_pci_rig_assign(&rig.pci, both, 2, &failed), STATUS_OK);
    work();
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, 0xc8000000);
    assert_int_equal(guest_pci_rig_anew(&rig, both, 2, &failed), STATUS_OK);
    assert_int_equal(rig.nvme->flrs, 2);
    assert_int_equal(fake_irq_taken(), 0);
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER, 0);
    assert_null(guest_pci_rig_wrong(&rig));
    work(); /* with the same devices */
    assert_null(guest_pci_rig_wrong(&rig));
}

/* A reset of the device's own making cleared its BAR: it must not decode anywhere else. */
static void reset_puts_bars_back(void **state)
{
    (void)state;
    guest_pci_rig_attach(&rig, &rig.nvme_device);
    uint32_t low = fake_pci_get(rig.nvme, PCI_BAR0, 4);
    fake_pci_set(rig.nvme, PCI_BAR0, 4, low & 0xf);
    fake_pci_set(rig.nvme, PCI_COMMAND, 2, 0);
    assert_int_equal(guest_pci_rig_anew(&rig, &rig.nvme_device, 1, &failed), STATUS_OK);
    assert_int_equal(fake_pci_get(rig.nvme, PCI_BAR0, 4), low);
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY, PCI_COMMAND_MEMORY);
    fake_pci_set(rig.nvme, PCI_BAR0, 4, low & 0xf);
    fake_pci_set(rig.nvme, PCI_COMMAND, 2, 0);
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.nvme_device), STATUS_OK);
    assert_int_equal(fake_pci_get(rig.nvme, PCI_BAR0, 4), low);
    assert_null(guest_pci_rig_wrong(&rig));
}

static int use_shared_tables(void **state)
{
    (void)state;
    shared = true;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(attach_resets_first_and_stays_quiet, setup),
        cmocka_unit_test_setup(a_device_without_flr_is_reset_by_its_bus, setup),
        cmocka_unit_test_setup(detach_leaves_nothing, setup),
        cmocka_unit_test_setup(detach_masters_off_before_the_domain_is_left, setup),
        cmocka_unit_test_setup(a_unit_that_does_not_confirm_is_reported, setup),
        cmocka_unit_test_setup(requests_that_stay_pending_are_reported, setup),
        cmocka_unit_test_setup(a_device_that_does_not_come_back_is_refused, setup),
        cmocka_unit_test_setup(a_bad_bar_leaves_no_trace, setup),
        cmocka_unit_test_setup(a_source_in_use_is_refused, setup),
        cmocka_unit_test_setup(reset_brings_quiet_devices, setup),
        cmocka_unit_test_setup(reset_puts_bars_back, setup),
    };
    int wrong = cmocka_run_group_tests_name("own tables", tests, NULL, NULL);
    return wrong + cmocka_run_group_tests_name("shared tables", tests, use_shared_tables, NULL);
}
