/* SPDX-License-Identifier: GPL-2.0-only
 * A virtual function in a guest (guest/pci_view.c, pci_function.c, device_reset.c): the rig's NVMe-like function turned
 * into one, whose ids read all ones and whose BARs and decode bits are not there (PCIe 6.0 9.3.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "guest/assign.h"
#include "tests/fake/guest_pci_rig.h"
#include "tests/fake/irq.h"
#include "tests/fake/log.h"

#define ID 0x00101b36u

static struct guest_pci_rig rig;
static struct guest_pci_function *f;

static void make_vf(struct fake_pci_function *device, struct pci_function *facts)
{
    fake_pci_set(device, PCI_VENDOR, 4, UINT32_MAX);
    for (unsigned i = 0; i < PCI_BARS; i++) {
        uint16_t at = (uint16_t)(PCI_BAR0 + 4 * i);
        fake_pci_set(device, at, 4, 0);
        fake_pci_make_writable(device, at, 4, 0);
    }
    fake_pci_set(device, PCI_ROM, 4, 0);
    fake_pci_make_writable(device, PCI_ROM, 4, 0);
    fake_pci_set(device, PCI_INTERRUPT_PIN, 1, 0);
    fake_pci_set(device, PCI_COMMAND, 2, 0);
    fake_pci_make_writable(device, PCI_COMMAND, 2, PCI_COMMAND_BUS_MASTER);
    facts->is_vf = true;
    facts->pf = pci_find_index(&rig.facts, rig.plain->at);
    facts->interrupt_pin = 0;
    facts->rom = (struct pci_bar){0};
}

static int setup(void **state)
{
    (void)state;
    fake_log_reset();
    guest_pci_rig_start(&rig);
    make_vf(rig.nvme, &rig.facts.functions[pci_find_index(&rig.facts, rig.nvme->at)]);
    f = guest_pci_rig_attach(&rig, &rig.nvme_device);
    return 0;
}

static uint32_t read(uint16_t offset, unsigned width)
{
    return guest_pci_rig_read(&rig, 1, offset, width);
}

static void use(void)
{
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
    guest_pci_rig_write(&rig, 1, f->view.msix + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE);
    bus_write(&rig.mmio, f->bars[0].mapped_at + RIG_TABLE, 4, 0xfee01000, 0);
    bus_write(&rig.mmio, f->bars[0].mapped_at + RIG_TABLE + 12, 4, 0, 0);
}

static void a_guest_sees_an_ordinary_function(void **state)
{
    (void)state;
    assert_int_equal(read(PCI_VENDOR, 4), ID);
    assert_int_equal(read(PCI_REVISION, 4) >> 8, 0x010802);
    assert_int_equal(read(PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
    assert_int_equal(read(PCI_INTERRUPT_PIN, 1), 0);
    assert_int_equal(read(PCI_BAR0, 4), GUEST_BAR32_START | 4);
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, UINT32_MAX);
    assert_int_equal(read(PCI_BAR0, 4), (~(uint32_t)(RIG_BAR_BYTES - 1)) | 4);
}

/* Decode is the PF's to switch; in the guest's tables it is the guest's. */
static void its_decode_bit_moves_mappings(void **state)
{
    (void)state;
    struct radix_mapping m;
    assert_int_equal(radix_lookup(&rig.nested, GUEST_BAR32_START, &m), STATUS_OK);
    assert_int_equal(m.to.v, RIG_BAR);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, 0);
    assert_int_equal(read(PCI_COMMAND, 2), 0);
    assert_int_equal(radix_lookup(&rig.nested, GUEST_BAR32_START, &m), STATUS_NOT_FOUND);
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, GUEST_BAR32_START + 0x100000);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(radix_lookup(&rig.nested, GUEST_BAR32_START + 0x100000, &m), STATUS_OK);
    assert_int_equal(m.to.v, RIG_BAR);
}

static void bus_mastering_and_messages_are_its_own(void **state)
{
    (void)state;
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2), 0);
    use();
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2), PCI_COMMAND_BUS_MASTER);
    assert_int_equal(fake_pci_get(rig.plain, PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER, 0); /* not the PF's */
    assert_true(guest_pci_rig_send_msix(&rig, 0));
    assert_int_equal(rig.bad_messages, 0);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2), 0);
}

static void reset_by_its_own_flr_and_given_again(void **state)
{
    (void)state;
    use();
    unsigned flrs = rig.nvme->flrs, others = rig.plain->flrs + rig.plain->bus_resets;
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.nvme_device), STATUS_OK);
    assert_int_equal(rig.nvme->flrs, flrs + 1);
    assert_int_equal(rig.plain->flrs + rig.plain->bus_resets, others);
    assert_int_equal(fake_irq_taken(), 0);
    f = guest_pci_rig_attach(&rig, &rig.nvme_device);
    assert_int_equal(rig.nvme->flrs, flrs + 2);
    use();
    assert_true(guest_pci_rig_send_msix(&rig, 0));
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.nvme_device), STATUS_OK);
}

/* Its vendor is no sign of life: it reads all ones anyway. */
static void one_that_went_with_its_pf_is_gone(void **state)
{
    (void)state;
    assert_int_equal(read(PCI_VENDOR, 4), ID);
    rig.nvme->gone = true;
    assert_int_equal(read(PCI_VENDOR, 4), UINT32_MAX);
    assert_int_equal(fake_log_count("does not answer any more"), 1);
    rig.nvme->gone = false;
    assert_int_equal(read(PCI_VENDOR, 4), ID);
}

static void a_slow_one_is_waited_for(void **state)
{
    (void)state;
    size_t failed = 0;
    rig.nvme->busy_us = 500000;
    assert_int_equal(guest_pci_rig_anew(&rig, &rig.nvme_device, 1, &failed), STATUS_OK);
    rig.nvme->busy_us = 5000000;
    assert_int_equal(guest_pci_rig_anew(&rig, &rig.nvme_device, 1, &failed), STATUS_TIMEOUT);
    assert_null(guest_pci_at(&rig.pci, 1));
}

/* Nothing but a function level reset is a VF's alone: without one it is quiet, and its PF's driver does the rest. */
static void without_flr_it_is_made_quiet(void **state)
{
    (void)state;
    size_t failed = 0;
    unsigned flrs = rig.nvme->flrs, buses = rig.plain->bus_resets + rig.nvme->bus_resets;
    use();
    rig.plans[0].reset = PCI_RESET_NONE;
    assert_int_equal(guest_pci_rig_anew(&rig, &rig.nvme_device, 1, &failed), STATUS_OK);
    assert_int_equal(rig.nvme->flrs, flrs);
    assert_int_equal(rig.plain->bus_resets + rig.nvme->bus_resets, buses);
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2), 0);
    f = guest_pci_at(&rig.pci, 1);
    assert_int_equal(fake_pci_get(rig.nvme, f->view.msix + PCI_MSIX_CONTROL, 2) & PCI_MSIX_ENABLE, 0);
    assert_false(guest_pci_rig_send_msix(&rig, 0));
}

/* A QAT's: its PF can hang when bus mastering goes while requests are under way (drivers/device_rules.h). */
static void a_busy_one_keeps_bus_mastering(void **state)
{
    (void)state;
    struct pci_function *facts = &rig.facts.functions[pci_find_index(&rig.facts, rig.nvme->at)];
    uint16_t status = (uint16_t)(facts->cap.express + PCI_EXP_DEVSTA);
    size_t failed = 0;
    facts->vendor = 0x8086;
    facts->device = 0x37c9;
    rig.plans[0].reset = PCI_RESET_NONE;
    use();
    fake_pci_set(rig.nvme, status, 2, PCI_DEVSTA_PENDING);
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.nvme_device), STATUS_TIMEOUT);
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2), PCI_COMMAND_BUS_MASTER);
    assert_int_equal(guest_pci_rig_assign(&rig.pci, &rig.nvme_device, 1, &failed),
                     STATUS_TIMEOUT); /* nor given again */
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2), PCI_COMMAND_BUS_MASTER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_guest_sees_an_ordinary_function, setup),
        cmocka_unit_test_setup(its_decode_bit_moves_mappings, setup),
        cmocka_unit_test_setup(bus_mastering_and_messages_are_its_own, setup),
        cmocka_unit_test_setup(reset_by_its_own_flr_and_given_again, setup),
        cmocka_unit_test_setup(one_that_went_with_its_pf_is_gone, setup),
        cmocka_unit_test_setup(a_slow_one_is_waited_for, setup),
        cmocka_unit_test_setup(without_flr_it_is_made_quiet, setup),
        cmocka_unit_test_setup(a_busy_one_keeps_bus_mastering, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
