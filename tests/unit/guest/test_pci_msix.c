/* SPDX-License-Identifier: GPL-2.0-only
 * MSI and MSI-X of assigned functions: the device holds messages of ours alone, and the unit lets them through for its
 * own requester id; or, where none are remapped, they name a vector that the device has. */
#include "guest/pci_msix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "guest/pci.h"
#include "tests/fake/guest_pci_rig.h"
#include "tests/fake/irq.h"

#define GUEST_MESSAGE(cpu) (0xfee00000u | (cpu) << 12)

static struct guest_pci_rig rig;
static void (*start)(struct guest_pci_rig *rig) = guest_pci_rig_start;
static uint64_t table;   /* guest-physical */
static uint16_t control; /* MSI-X control register */

static int setup(void **state)
{
    (void)state;
    start(&rig);
    guest_pci_rig_attach(&rig, &rig.nvme_device);
    guest_pci_rig_attach(&rig, &rig.plain_device);
    table = rig.pci.functions[1]->bars[0].mapped_at + RIG_TABLE;
    control = rig.pci.functions[1]->view.msix + PCI_MSIX_CONTROL;
    return 0;
}

static void expect_sound(void)
{
    const char *wrong = guest_pci_rig_wrong(&rig);
    if (wrong != NULL) {
        fail_msg("%s", wrong);
    }
}

static void write_entry(unsigned index, uint32_t address, uint32_t data, uint32_t masked)
{
    uint64_t at = table + 16 * index;
    bus_write(&rig.mmio, at, 4, address, 0);
    bus_write(&rig.mmio, at + 4, 4, 0, 0);
    bus_write(&rig.mmio, at + 8, 4, data, 0);
    bus_write(&rig.mmio, at + 12, 4, masked, 0);
}

static void enable(uint16_t bits)
{
    guest_pci_rig_write(&rig, 1, control, 2, bits);
}

static uint32_t device_word(unsigned offset)
{
    uint32_t value;
    memcpy(&value, rig.registers + offset, 4);
    return value;
}

static void delivers_through_the_unit(void **state)
{
    (void)state;
    enable(PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL);
    write_entry(1, GUEST_MESSAGE(2), 0x41, 0);
    assert_false(guest_pci_rig_send_msix(&rig, 1)); /* function masked */
    enable(PCI_MSIX_ENABLE);
    assert_true(guest_pci_rig_send_msix(&rig, 1));
    assert_int_equal(rig.delivered, 1);
    assert_int_equal(rig.last_address, GUEST_MESSAGE(2));
    assert_int_equal(rig.last_data, 0x41);
    assert_false(guest_pci_rig_send_msix(&rig, 0));
    expect_sound();
}

static void the_handle_is_the_devices_own(void **state)
{
    (void)state;
    struct vtd_model_message message;
    enable(PCI_MSIX_ENABLE);
    write_entry(0, GUEST_MESSAGE(1), 0x50, 0);
    uint32_t address = device_word(RIG_TABLE);
    uint16_t sid = sbdf_rid(rig.nvme->at);
    assert_int_equal(address & 0xfff00010, 0xfee00010);
    assert_true(vtd_model_interrupt(rig.model, sid, address, device_word(RIG_TABLE + 8), &message));
    assert_int_equal(message.dest, 0x11);
    assert_false(vtd_model_interrupt(rig.model, sbdf_rid(rig.plain->at), address, 0, &message));
    assert_int_equal(vtd_irq_entry(&rig.vtd.units[0], rig.pci.functions[1]->msix.entries[0].irq.handle).high & 0xffff,
                     sid);
}

static void the_table_never_holds_the_guests_message(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        write_entry(0, GUEST_MESSAGE(3), 0xabcd, 0);
        write_entry(1, 0x12345678, 0xabcd, 0); /* names nobody */
        write_entry(2, GUEST_MESSAGE(9), 0xabcd, 0);
        enable(PCI_MSIX_ENABLE);
    }
    for (unsigned i = 0; i < RIG_VECTORS; i++) {
        assert_int_not_equal(device_word(RIG_TABLE + 16 * i), GUEST_MESSAGE(3));
        assert_int_not_equal(device_word(RIG_TABLE + 16 * i), 0x12345678);
        assert_int_not_equal(device_word(RIG_TABLE + 16 * i + 8), 0xabcd);
    }
    assert_int_equal(device_word(RIG_TABLE + 12), 0);
    assert_int_equal(device_word(RIG_TABLE + 28), 1); /* masked: goes nowhere */
    assert_int_equal(device_word(RIG_TABLE + 44), 1);
    /* the guest sees its own */
    assert_int_equal(bus_read(&rig.mmio, table, 4, 0), GUEST_MESSAGE(3));
    assert_int_equal(bus_read(&rig.mmio, table + 8, 8, 0), 0xabcd);
    assert_int_equal(bus_read(&rig.mmio, table + 16, 8, 0), 0x12345678);
    expect_sound();
}

static void masks_and_unmasks(void **state)
{
    (void)state;
    enable(PCI_MSIX_ENABLE);
    write_entry(3, GUEST_MESSAGE(0), 0x60, 1);
    assert_false(guest_pci_rig_send_msix(&rig, 3));
    assert_int_equal(fake_irq_taken(), 0);
    bus_write(&rig.mmio, table + 60, 4, 0, 0);
    assert_true(guest_pci_rig_send_msix(&rig, 3));
    bus_write(&rig.mmio, table + 56, 8, UINT64_C(1) << 32 | 0x61, 0);
    assert_false(guest_pci_rig_send_msix(&rig, 3));
    bus_write(&rig.mmio, table + 60, 4, 0, 0);
    assert_true(guest_pci_rig_send_msix(&rig, 3));
    assert_int_equal(rig.last_data, 0x61);
    assert_int_equal(fake_irq_taken(), 1);
    expect_sound();
}

static void moving_to_another_cpu_loses_nothing(void **state)
{
    (void)state;
    enable(PCI_MSIX_ENABLE);
    write_entry(0, GUEST_MESSAGE(0), 0x41, 0);
    unsigned before = rig.delivered;
    bus_write(&rig.mmio, table, 4, GUEST_MESSAGE(3), 0);
    assert_int_equal(rig.delivered, before + 1); /* for the one that may wait at the old CPU */
    assert_int_equal(rig.last_address, GUEST_MESSAGE(3));
    assert_int_equal(rig.pci.functions[1]->msix.entries[0].irq.cpu, 3);
    assert_true(guest_pci_rig_send_msix(&rig, 0));
    assert_int_equal(fake_irq_taken(), 1);
    expect_sound();
}

/* The local APICs get other names while routes stand: messages mean other vCPUs, or at last somebody. */
static void renamed_vcpus_are_followed(void **state)
{
    (void)state;
    enable(PCI_MSIX_ENABLE);
    write_entry(0, GUEST_MESSAGE(0), 0x41, 0);
    write_entry(1, GUEST_MESSAGE(0), 0x42, 1);
    write_entry(2, GUEST_MESSAGE(RIG_CPUS - 1), 0x43, 0);
    rig.renamed = 1;
    guest_pci_reroute(&rig.pci);
    assert_int_equal(rig.pci.functions[1]->msix.entries[0].irq.cpu, 1);
    assert_true(guest_pci_rig_send_msix(&rig, 0));
    assert_false(guest_pci_rig_send_msix(&rig, 1)); /* masked by the guest */
    assert_false(guest_pci_rig_send_msix(&rig, 2)); /* names nobody now */
    rig.renamed = 0;
    guest_pci_reroute(&rig.pci);
    assert_true(guest_pci_rig_send_msix(&rig, 2));
    assert_int_equal(rig.pci.functions[1]->msix.entries[0].irq.cpu, 0);
    expect_sound();
}

static void disabling_gives_everything_back(void **state)
{
    (void)state;
    enable(PCI_MSIX_ENABLE);
    for (unsigned i = 0; i < RIG_VECTORS; i++) {
        write_entry(i, GUEST_MESSAGE(i), 0x40 + i, 0);
    }
    assert_int_equal(fake_irq_taken(), RIG_VECTORS);
    uint32_t address = device_word(RIG_TABLE);
    enable(0);
    struct vtd_model_message message;
    assert_int_equal(fake_irq_taken(), 0);
    assert_false(vtd_model_interrupt(rig.model, sbdf_rid(rig.nvme->at), address, 0, &message));
    assert_int_equal(fake_pci_get(rig.nvme, rig.nvme_facts->cap.msix + PCI_MSIX_CONTROL, 2) & PCI_MSIX_ENABLE, 0);
    enable(PCI_MSIX_ENABLE); /* the guest's table is as it was */
    assert_true(guest_pci_rig_send_msix(&rig, 2));
    assert_int_equal(rig.last_data, 0x42);
    expect_sound();
}

static void other_bytes_of_the_page_are_the_devices(void **state)
{
    (void)state;
    rig.registers[RIG_PENDING] = 0x05;
    assert_int_equal(bus_read(&rig.mmio, table - RIG_TABLE + RIG_PENDING, 4, 0), 0x05);
    assert_int_equal(bus_read(&rig.mmio, table - RIG_TABLE + RIG_PENDING, 8, 0), 0x05);
    bus_write(&rig.mmio, table + 0x100, 2, 0xbeef, 0);
    assert_int_equal(device_word(RIG_TABLE + 0x100), 0xbeef);
    bus_write(&rig.mmio, table + 0x108, 8, 0x1122334455667788, 0);
    assert_int_equal(device_word(RIG_TABLE + 0x10c), 0x11223344);
    assert_int_equal(bus_read(&rig.mmio, table + 0x10f, 1, 0), 0x11);
}

static void odd_accesses_to_the_table_do_nothing(void **state)
{
    (void)state;
    enable(PCI_MSIX_ENABLE);
    write_entry(0, GUEST_MESSAGE(1), 0x41, 0);
    uint64_t writes = rig.register_writes;
    uint64_t reads = rig.register_reads;
    bus_write(&rig.mmio, table, 1, 0xff, 0);
    bus_write(&rig.mmio, table + 8, 2, 0xff, 0);
    bus_write(&rig.mmio, table + 2, 4, 0xffffffff, 0);
    bus_write(&rig.mmio, table + 4, 8, UINT64_MAX, 0);
    bus_write(&rig.mmio, table + 16 * RIG_VECTORS - 4, 8, UINT64_MAX, 0);
    bus_write(&rig.mmio, table + 0xffd, 4, 0, 0);
    assert_int_equal(bus_read(&rig.mmio, table, 1, 0), 0xff);
    assert_int_equal(bus_read(&rig.mmio, table + 6, 4, 0), 0xffffffff);
    assert_int_equal(rig.register_writes, writes);
    assert_int_equal(rig.register_reads, reads);
    assert_int_equal(bus_read(&rig.mmio, table, 8, 0), GUEST_MESSAGE(1));
    expect_sound();
}

static void without_vectors_the_entry_stays_masked(void **state)
{
    (void)state;
    fake_irq_limit(1);
    enable(PCI_MSIX_ENABLE);
    write_entry(0, GUEST_MESSAGE(1), 0x41, 0);
    write_entry(1, GUEST_MESSAGE(1), 0x42, 0);
    assert_true(guest_pci_rig_send_msix(&rig, 0));
    assert_int_equal(device_word(RIG_TABLE + 28) & 1, 1);
    expect_sound();
}

static void a_dead_unit_leaves_nothing_reusable(void **state)
{
    (void)state;
    enable(PCI_MSIX_ENABLE);
    write_entry(0, GUEST_MESSAGE(1), 0x41, 0);
    rig.model->knobs.stuck_waits = true;
    enable(0);
    assert_true(rig.pci.functions[1]->msix.stuck);
    assert_int_equal(fake_irq_taken(), 1); /* quarantined with its handler */
    enable(PCI_MSIX_ENABLE);
    assert_false(guest_pci_rig_send_msix(&rig, 0));
}

static uint16_t msi(unsigned reg)
{
    return (uint16_t)(rig.pci.functions[2]->view.msi + reg);
}

static void msi_delivers_through_the_unit(void **state)
{
    (void)state;
    guest_pci_rig_write(&rig, 2, msi(PCI_MSI_ADDRESS), 4, GUEST_MESSAGE(2));
    guest_pci_rig_write(&rig, 2, msi(PCI_MSI_ADDRESS_HIGH), 4, 0);
    guest_pci_rig_write(&rig, 2, msi(PCI_MSI_DATA + 4), 2, 0x4071);
    assert_false(guest_pci_rig_send_msi(&rig));
    guest_pci_rig_write(&rig, 2, msi(PCI_MSI_CONTROL), 2, PCI_MSI_ENABLE | PCI_MSI_MULTIPLE);
    assert_true(guest_pci_rig_send_msi(&rig));
    assert_int_equal(rig.last_address, GUEST_MESSAGE(2));
    assert_int_equal(rig.last_data, 0x4071);
    assert_int_equal(guest_pci_rig_read(&rig, 2, msi(PCI_MSI_CONTROL), 2) & PCI_MSI_MULTIPLE, 0);
    assert_int_not_equal(fake_pci_get(rig.plain, rig.plain_facts->cap.msi + PCI_MSI_ADDRESS, 4), GUEST_MESSAGE(2));
    /* moved while on */
    guest_pci_rig_write(&rig, 2, msi(PCI_MSI_ADDRESS), 4, GUEST_MESSAGE(1));
    assert_true(guest_pci_rig_send_msi(&rig));
    assert_int_equal(rig.last_address, GUEST_MESSAGE(1));
    /* to nowhere, and back */
    guest_pci_rig_write(&rig, 2, msi(PCI_MSI_ADDRESS), 4, 0x1000);
    assert_false(guest_pci_rig_send_msi(&rig));
    guest_pci_rig_write(&rig, 2, msi(PCI_MSI_ADDRESS), 4, GUEST_MESSAGE(0));
    assert_true(guest_pci_rig_send_msi(&rig));
    guest_pci_rig_write(&rig, 2, msi(PCI_MSI_CONTROL), 2, 0);
    assert_false(guest_pci_rig_send_msi(&rig));
    assert_int_equal(fake_irq_taken(), 0);
    expect_sound();
}

/* Off and on again there is no vector left behind, whatever the entry named meanwhile. */
static void unremapped_moves_take_one_vector(void **state)
{
    (void)state;
    enable(PCI_MSIX_ENABLE);
    for (unsigned i = 0; i < 8; i++) {
        write_entry(0, GUEST_MESSAGE(i % RIG_CPUS), 0x41 + i, 0);
        assert_int_equal(fake_irq_taken(), 1);
        assert_int_equal(device_word(RIG_TABLE), 0xfee10000 + 0x1000 * (i % RIG_CPUS));
        assert_true(fake_irq_is_taken(i % RIG_CPUS, device_word(RIG_TABLE + 8)));
        assert_true(guest_pci_rig_send_msix(&rig, 0));
        assert_int_equal(rig.last_data, 0x41 + i);
    }
    enable(0);
    assert_int_equal(fake_irq_taken(), 0);
    expect_sound();
}

/* The new vector cannot be had: the device keeps quiet, and goes on at the old one when its guest goes back. */
static void unremapped_move_that_fails(void **state)
{
    (void)state;
    enable(PCI_MSIX_ENABLE);
    write_entry(0, GUEST_MESSAGE(1), 0x41, 0);
    fake_irq_limit(0);
    write_entry(0, GUEST_MESSAGE(2), 0x42, 0);
    assert_false(guest_pci_rig_send_msix(&rig, 0));
    write_entry(0, GUEST_MESSAGE(1), 0x43, 0);
    assert_true(guest_pci_rig_send_msix(&rig, 0));
    assert_int_equal(rig.last_data, 0x43);
    assert_int_equal(fake_irq_taken(), 1);
    expect_sound();
}

static int use_shared_tables(void **state)
{
    (void)state;
    start = guest_pci_rig_start_shared;
    return 0;
}

static int use_unremapped(void **state)
{
    (void)state;
    start = guest_pci_rig_start_unremapped;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(delivers_through_the_unit, setup),
        cmocka_unit_test_setup(the_handle_is_the_devices_own, setup),
        cmocka_unit_test_setup(the_table_never_holds_the_guests_message, setup),
        cmocka_unit_test_setup(masks_and_unmasks, setup),
        cmocka_unit_test_setup(moving_to_another_cpu_loses_nothing, setup),
        cmocka_unit_test_setup(renamed_vcpus_are_followed, setup),
        cmocka_unit_test_setup(disabling_gives_everything_back, setup),
        cmocka_unit_test_setup(other_bytes_of_the_page_are_the_devices, setup),
        cmocka_unit_test_setup(odd_accesses_to_the_table_do_nothing, setup),
        cmocka_unit_test_setup(without_vectors_the_entry_stays_masked, setup),
        cmocka_unit_test_setup(a_dead_unit_leaves_nothing_reusable, setup),
        cmocka_unit_test_setup(msi_delivers_through_the_unit, setup),
    };
    const struct CMUnitTest unremapped[] = {
        cmocka_unit_test_setup(delivers_through_the_unit, setup),
        cmocka_unit_test_setup(the_table_never_holds_the_guests_message, setup),
        cmocka_unit_test_setup(masks_and_unmasks, setup),
        cmocka_unit_test_setup(moving_to_another_cpu_loses_nothing, setup),
        cmocka_unit_test_setup(renamed_vcpus_are_followed, setup),
        cmocka_unit_test_setup(without_vectors_the_entry_stays_masked, setup),
        cmocka_unit_test_setup(msi_delivers_through_the_unit, setup),
        cmocka_unit_test_setup(unremapped_moves_take_one_vector, setup),
        cmocka_unit_test_setup(unremapped_move_that_fails, setup),
    };
    int failed = cmocka_run_group_tests_name("own tables", tests, NULL, NULL);
    failed += cmocka_run_group_tests_name("shared tables", tests, use_shared_tables, NULL);
    return failed + cmocka_run_group_tests_name("not remapped", unremapped, use_unremapped, NULL);
}
