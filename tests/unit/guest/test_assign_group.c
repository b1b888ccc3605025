/* SPDX-License-Identifier: GPL-2.0-only
 * guest/assign.c, device_reset.c, sources.c: devices that share a bridge go to a guest together. */
#include "guest/assign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "tests/fake/guest_pci_rig.h"
#include "tests/fake/irq.h"
#include "tests/fake/log.h"
#include "tests/fake/time.h"

#define BRIDGE_ID 0x0400 /* the first device's too */
#define SECOND_ID 0x0408
#define RESERVED 0x70000000u /* firmware's, two pages */

static struct guest_pci_rig rig;
static size_t failed;

static int setup(void **state)
{
    (void)state;
    guest_pci_rig_start(&rig);
    fake_log_reset();
    failed = SIZE_MAX;
    return 0;
}

static bool reaches(uint16_t source, uint64_t at)
{
    uint64_t host = 0;
    return vtd_model_may_now(rig.model, source, at, true, &host);
}

static bool reaches_ram(uint16_t source)
{
    return reaches(source, 0x1000);
}

static void attach_pair(void)
{
    assert_int_equal(guest_pci_rig_assign(&rig.pci, rig.pair_devices, 2, &failed), STATUS_OK);
}

static unsigned bus_resets(void)
{
    assert_int_equal(rig.pair[0]->bus_resets, rig.pair[1]->bus_resets);
    return rig.pair[0]->bus_resets;
}

static void one_bus_reset_for_all(void **state)
{
    (void)state;
    attach_pair();
    assert_int_equal(bus_resets(), 1);
    assert_int_equal(fake_log_count("0000:04:00.0: reset (bus)"), 1);
    assert_int_equal(fake_log_count("0000:04:01.0: reset (bus) together with 0000:04:00.0"), 1);
    assert_null(guest_pci_rig_wrong(&rig));
    assert_int_equal(guest_pci_rig_anew(&rig, rig.pair_devices, 2, &failed), STATUS_OK);
    assert_int_equal(bus_resets(), 2);
    assert_null(guest_pci_rig_wrong(&rig));
    enum status each[2];
    assign_detach(&rig.pci, rig.pair_devices, 2, each);
    assert_int_equal(each[0] | each[1], STATUS_OK);
    assert_int_equal(bus_resets(), 3);
    assert_null(guest_pci_rig_wrong(&rig));
}

static void every_id_is_in_the_domain_and_no_other(void **state)
{
    (void)state;
    attach_pair();
    for (unsigned source = 0x0300; source < 0x0500; source++) {
        assert_int_equal(reaches_ram((uint16_t)source), source == BRIDGE_ID || source == SECOND_ID);
    }
    assert_int_equal(rig.pci.sources.count, 2);
    enum status each[2];
    assign_detach(&rig.pci, rig.pair_devices, 2, each);
    assert_false(reaches_ram(BRIDGE_ID) || reaches_ram(SECOND_ID));
    assert_int_equal(rig.pci.sources.count, 0);
    assert_int_equal(rig.domain.attached[0], 0);
}

/* The first leaves; its id is the bridge's, which the second sends with. */
static void a_shared_id_leaves_with_the_last(void **state)
{
    (void)state;
    attach_pair();
    /* nobody resets the bus under the one that stays */
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.pair_devices[0]), STATUS_UNSUPPORTED);
    assert_int_equal(bus_resets(), 1);
    assert_true(reaches_ram(BRIDGE_ID));
    assert_true(reaches_ram(SECOND_ID));
    assert_int_equal(fake_pci_get(rig.pair[0], PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER, 0);
    rig.plans[3].reset = PCI_RESET_NONE;
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.pair_devices[1]), STATUS_OK);
    assert_false(reaches_ram(BRIDGE_ID) || reaches_ram(SECOND_ID));
    assert_null(vtd_model_violation(rig.model));
}

static void a_bus_with_strangers_is_not_reset(void **state)
{
    (void)state;
    assert_int_equal(guest_pci_rig_assign(&rig.pci, &rig.pair_devices[1], 1, &failed), STATUS_UNSUPPORTED);
    assert_int_equal(failed, 0);
    assert_int_equal(bus_resets(), 0);
    assert_false(reaches_ram(BRIDGE_ID) || reaches_ram(SECOND_ID));
}

/* The bridge passes messages on with its own id, or the device's. */
static void messages_come_from_the_bridge_s_buses(void **state)
{
    (void)state;
    struct vtd_model_message out;
    attach_pair();
    struct guest_pci_function *f = guest_pci_find(&rig.pci, rig.pair[1]->at);
    unsigned slot = f->place;
    guest_pci_rig_write(&rig, slot, f->view.msi + PCI_MSI_ADDRESS, 4, 0xfee01000);
    guest_pci_rig_write(&rig, slot, f->view.msi + PCI_MSI_CONTROL, 2, PCI_MSI_ENABLE | PCI_MSI_64BIT);
    uint16_t cap = f->host->cap.msi;
    uint32_t address = fake_pci_get(rig.pair[1], cap + PCI_MSI_ADDRESS, 4);
    uint32_t data = fake_pci_get(rig.pair[1], cap + PCI_MSI_DATA + 4, 2);
    assert_true(vtd_model_interrupt(rig.model, BRIDGE_ID, address, data, &out));
    assert_true(vtd_model_interrupt(rig.model, SECOND_ID, address, data, &out));
    assert_false(vtd_model_interrupt(rig.model, 0x0300, address, data, &out));
    assert_false(vtd_model_interrupt(rig.model, 0x0500, address, data, &out));
}

static void one_that_does_not_come_back_keeps_all_out(void **state)
{
    (void)state;
    rig.pair[1]->busy_us = 20000000;
    assert_int_equal(guest_pci_rig_assign(&rig.pci, rig.pair_devices, 2, &failed), STATUS_TIMEOUT);
    assert_int_equal(failed, 1);
    assert_int_equal(fake_log_count("0000:04:01.0: does not come back"), 1);
    assert_false(reaches_ram(BRIDGE_ID) || reaches_ram(SECOND_ID));
    assert_int_equal(rig.pci.sources.count, 0);
    assert_null(rig.pci.functions[1]);
    assert_null(rig.pci.functions[2]);
}

static void one_that_does_not_come_back_ends_the_restart(void **state)
{
    (void)state;
    attach_pair();
    rig.pair[1]->busy_us = 20000000;
    assert_int_equal(guest_pci_rig_anew(&rig, rig.pair_devices, 2, &failed), STATUS_TIMEOUT);
    assert_int_equal(failed, 1);
    assert_false(reaches_ram(BRIDGE_ID) || reaches_ram(SECOND_ID));
    assert_int_equal(fake_pci_get(rig.pair[0], PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER, 0);
}

static void an_id_in_use_keeps_all_out(void **state)
{
    (void)state;
    struct vtd_domain other;
    assert_int_equal(vtd_domain_create(&rig.vtd.vtd, &other), STATUS_OK);
    assert_int_equal(vtd_attach(&rig.vtd.units[0], SECOND_ID, &other), STATUS_OK);
    assert_int_equal(guest_pci_rig_assign(&rig.pci, rig.pair_devices, 2, &failed), STATUS_CONFLICT);
    assert_int_equal(failed, 1);
    assert_false(reaches_ram(BRIDGE_ID) || reaches_ram(SECOND_ID));
    assert_int_equal(rig.domain.attached[0], 0);
    assert_int_equal(fake_irq_taken(), 0);
    assert_null(vtd_model_violation(rig.model));
}

static void a_reset_by_power_states_is_done_as_planned(void **state)
{
    (void)state;
    rig.plans[1].reset = PCI_RESET_NONE;
    guest_pci_rig_attach(&rig, &rig.plain_device);
    assert_int_equal(rig.plain->bus_resets, 0);
    assert_int_equal(fake_log_count("0000:02:00.0: has no reset"), 1);
    rig.plans[1].reset = PCI_RESET_D3; /* it has no such capability */
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.plain_device), STATUS_UNSUPPORTED);
    assert_false(reaches_ram(sbdf_rid(rig.plain->at)));
}

/* Blocked between the two: nothing of either domain is mapped in the other. */
static void it_moves_out_of_firmware_s_domain(void **state)
{
    (void)state;
    struct vtd_domain firmware;
    uint16_t id = sbdf_rid(rig.nvme->at);
    assert_int_equal(vtd_domain_create(&rig.vtd.vtd, &firmware), STATUS_OK);
    assert_int_equal(vtd_domain_map_reserved(&firmware, hpa(RESERVED), hpa(RESERVED + 0x1fff)), STATUS_OK);
    assert_int_equal(vtd_attach(&rig.vtd.units[0], id, &firmware), STATUS_OK);
    assert_true(reaches(id, RESERVED));
    rig.nvme_device.firmware = &firmware;
    rig.nvme->busy_us = 20000000;
    assert_int_equal(guest_pci_rig_assign(&rig.pci, &rig.nvme_device, 1, &failed), STATUS_TIMEOUT);
    assert_false(reaches_ram(id));
    rig.nvme->busy_us = 0;
    fake_time_advance_ns(UINT64_C(30000000000));
    guest_pci_rig_attach(&rig, &rig.nvme_device);
    assert_true(reaches_ram(id));
    assert_false(reaches(id, RESERVED));
    assert_int_equal(firmware.attached[0], 0);
    assert_int_equal(vtd_domain_destroy(&firmware), STATUS_OK);
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.nvme_device), STATUS_OK);
    assert_false(reaches_ram(id));
    assert_false(reaches(id, RESERVED));
    assert_null(vtd_model_violation(rig.model));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_bus_reset_for_all, setup),
        cmocka_unit_test_setup(every_id_is_in_the_domain_and_no_other, setup),
        cmocka_unit_test_setup(a_shared_id_leaves_with_the_last, setup),
        cmocka_unit_test_setup(a_bus_with_strangers_is_not_reset, setup),
        cmocka_unit_test_setup(messages_come_from_the_bridge_s_buses, setup),
        cmocka_unit_test_setup(one_that_does_not_come_back_keeps_all_out, setup),
        cmocka_unit_test_setup(one_that_does_not_come_back_ends_the_restart, setup),
        cmocka_unit_test_setup(an_id_in_use_keeps_all_out, setup),
        cmocka_unit_test_setup(a_reset_by_power_states_is_done_as_planned, setup),
        cmocka_unit_test_setup(it_moves_out_of_firmware_s_domain, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
