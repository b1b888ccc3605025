/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's PCI bus: what it sees of config space, and BARs that move without the device's moving. */
#include "guest/pci.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "guest/platform.h"
#include "tests/fake/guest_pci_rig.h"

static struct guest_pci_rig rig;
static bool shared; /* with one set of tables for vCPUs and devices */

static int setup(void **state)
{
    (void)state;
    (shared ? guest_pci_rig_start_shared : guest_pci_rig_start)(&rig);
    guest_pci_rig_attach(&rig, &rig.nvme_device);
    guest_pci_rig_attach(&rig, &rig.plain_device);
    return 0;
}

static void expect_sound(void)
{
    const char *wrong = guest_pci_rig_wrong(&rig);
    if (wrong != NULL) {
        fail_msg("%s", wrong);
    }
}

/* Where the nested tables lead, or 0. */
static uint64_t nested_at(uint64_t at)
{
    struct radix_mapping m;
    return radix_lookup(&rig.nested, at, &m) == STATUS_OK ? m.to.v : 0;
}

static uint64_t dma_at(const struct fake_pci_function *f, uint64_t at)
{
    uint64_t host = 0;
    return vtd_model_may_now(rig.model, sbdf_rid(f->at), at, true, &host) ? host : 0;
}

static uint64_t port_read(unsigned register_offset, unsigned lane, unsigned width)
{
    bus_write(&rig.ports, PLATFORM_PCI_ADDRESS_PORT, 4, 0x80000000 | register_offset, 0);
    return bus_read(&rig.ports, PLATFORM_PCI_DATA_PORT + lane, width, 0);
}

static void finds_its_functions_and_no_others(void **state)
{
    (void)state;
    assert_int_equal(guest_pci_rig_read(&rig, 0, 0, 4), 0x00081b36);
    assert_int_equal(guest_pci_rig_read(&rig, 1, 0, 4), 0x00101b36);
    assert_int_equal(guest_pci_rig_read(&rig, 2, 0, 4), 0x10d38086);
    for (unsigned device = 3; device < 32; device++) {
        assert_int_equal(guest_pci_rig_read(&rig, device, 0, 4), 0xffffffff);
    }
    assert_int_equal(bus_read(&rig.mmio, GUEST_ECAM_START + 0x9000, 4, 0), 0xffffffff); /* 00:01.1 */
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_INTERRUPT_PIN, 1), 0);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_ROM, 4), 0);
}

static void ports_have_lanes_and_an_enable_bit(void **state)
{
    (void)state;
    assert_int_equal(port_read(1 << 11, 0, 4), 0x00101b36);
    assert_int_equal(port_read(1 << 11, 1, 1), 0x1b);
    assert_int_equal(port_read(1 << 11, 2, 2), 0x0010);
    assert_int_equal(port_read(1 << 11, 1, 2), 0x101b);
    assert_int_equal(port_read(1 << 16, 0, 4), 0xffffffff); /* bus 1 */
    assert_int_equal(bus_read(&rig.ports, PLATFORM_PCI_ADDRESS_PORT, 4, 0), 0x80010000);
    bus_write(&rig.ports, PLATFORM_PCI_ADDRESS_PORT + 3, 1, 1, 0); /* Linux's probe: not the register */
    bus_write(&rig.ports, PLATFORM_PCI_ADDRESS_PORT, 2, 0, 0);
    assert_int_equal(bus_read(&rig.ports, PLATFORM_PCI_ADDRESS_PORT, 4, 0), 0x80010000);
    bus_write(&rig.ports, PLATFORM_PCI_ADDRESS_PORT, 4, 1 << 11, 0);
    assert_int_equal(bus_read(&rig.ports, PLATFORM_PCI_DATA_PORT, 4, 0), 0xffffffff);
}

static uint64_t reset_value;

static void reset_write(void *context, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns)
{
    (void)context, (void)offset, (void)width, (void)now_ns;
    reset_value = value;
}

static void a_byte_at_cf9_goes_to_the_reset_port(void **state)
{
    (void)state;
    rig.pci.config.reset_port.write = reset_write;
    bus_write(&rig.ports, PLATFORM_RESET_PORT, 1, 6, 0);
    assert_int_equal(reset_value, 6);
    bus_write(&rig.ports, PLATFORM_PCI_ADDRESS_PORT, 4, 0x80000000, 0);
    assert_int_equal(reset_value, 6);
}

static void shows_only_known_capabilities(void **state)
{
    (void)state;
    static const uint8_t expected[] = {PCI_CAP_MSIX, PCI_CAP_EXPRESS, PCI_CAP_PM};
    size_t count = 0;
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_STATUS, 2), PCI_STATUS_CAPABILITIES);
    for (uint32_t at = guest_pci_rig_read(&rig, 1, PCI_CAPABILITIES, 1); at != 0;
         at = guest_pci_rig_read(&rig, 1, (uint16_t)(at + 1), 1)) {
        uint8_t wanted = count < ARRAY_LENGTH(expected) ? expected[count] : 0;
        assert_int_equal(guest_pci_rig_read(&rig, 1, (uint16_t)at, 1), wanted);
        count++;
    }
    assert_int_equal(count, ARRAY_LENGTH(expected));
    for (uint16_t at = 0; at < 4096; at++) { /* what is hidden is filled with 0x5a */
        assert_int_not_equal(guest_pci_rig_read(&rig, 1, at, 1), 0x5a);
    }
    for (uint16_t at = 256; at < 4096; at += 4) {
        assert_int_equal(guest_pci_rig_read(&rig, 1, at, 4), 0);
    }
}

static void overlapping_capabilities_are_hidden(void **state)
{
    (void)state;
    struct pci_view view;
    struct fake_pci_function *f = fake_pci_add(sbdf_make(0, 0, 9, 0), 0x8086, 1, 0x020000);
    uint16_t pm = fake_pci_add_pm(f, true);
    f->bytes[pm + 1] = (uint8_t)(pm + 4); /* next: in the middle of this one, and it says MSI */
    f->bytes[pm + 4] = PCI_CAP_MSI;
    f->bytes[pm + 5] = 0xfc; /* next: does not fit */
    f->bytes[0xfc] = PCI_CAP_MSIX;
    struct pci_function host = {.at = f->at, .vendor = 0x8086, .device = 1};
    assert_int_equal(pci_view_init(&view), STATUS_OK);
    pci_view_of_function(&view, &host);
    assert_int_equal(pci_view_get(&view, PCI_CAPABILITIES, 1), pm);
    assert_int_equal(pci_view_get(&view, pm + 1, 1), 0);
    assert_int_equal(view.msi, 0);
    assert_int_equal(view.msix, 0);
    pci_view_free(&view);
}

static void config_writes_touch_no_hardware(void **state)
{
    (void)state;
    size_t writes = 0;
    uint16_t msix = rig.pci.functions[1]->view.msix;
    fake_pci_forget_writes();
    for (uint16_t at = 0; at < 4096; at++) {
        bool interrupts = at >= msix && at < msix + 4;
        if (!interrupts && at != PCI_COMMAND) {
            guest_pci_rig_write(&rig, 1, at, 1, 0xff);
        }
    }
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, 0xffff & ~PCI_COMMAND_BUS_MASTER);
    (void)fake_pci_writes(&writes);
    assert_int_equal(writes, 0);
    assert_int_equal(guest_pci_rig_read(&rig, 1, 0, 4), 0x00101b36);
    expect_sound();
}

static void bus_mastering_follows_the_guest(void **state)
{
    (void)state;
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER, 0);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_BUS_MASTER | PCI_COMMAND_MEMORY);
    assert_int_not_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER, 0);
    assert_int_equal(fake_pci_get(rig.plain, PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER, 0);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 1, PCI_COMMAND_MEMORY);
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER, 0);
    expect_sound();
}

static uint64_t bar_at(unsigned device)
{
    uint64_t low = guest_pci_rig_read(&rig, device, PCI_BAR0, 4);
    uint64_t high = (low & 4) != 0 ? guest_pci_rig_read(&rig, device, PCI_BAR0 + 4, 4) : 0;
    return (low & ~UINT64_C(15)) | high << 32;
}

static void bars_are_placed_and_mapped_less_the_table(void **state)
{
    (void)state;
    uint64_t at = bar_at(1);
    assert_true(at >= GUEST_BAR32_START && at < GUEST_BAR32_END);
    assert_int_equal(nested_at(at), RIG_BAR);
    assert_int_equal(nested_at(at + 0x1000), RIG_BAR + 0x1000);
    assert_int_equal(nested_at(at + RIG_TABLE), 0);
    assert_int_equal(nested_at(at + 0x3000), RIG_BAR + 0x3000);
    assert_int_equal(nested_at(bar_at(2)), RIG_BAR_PLAIN);
    /* the guest's devices reach each other's registers, and no table */
    assert_int_equal(dma_at(rig.plain, at), RIG_BAR);
    assert_int_equal(dma_at(rig.plain, at + RIG_TABLE), 0);
    assert_int_equal(guest_pci_rig_read(&rig, 2, PCI_BAR0 + 4, 4), 0); /* I/O BARs are not given */
    expect_sound();
}

static void bars_size(void **state)
{
    (void)state;
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, 0xffffffff);
    guest_pci_rig_write(&rig, 1, PCI_BAR0 + 4, 4, 0xffffffff);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_BAR0, 4), 0xffffc004);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_BAR0 + 4, 4), 0xffffffff);
    guest_pci_rig_write(&rig, 2, PCI_BAR0, 4, 0xffffffff);
    assert_int_equal(guest_pci_rig_read(&rig, 2, PCI_BAR0, 4), 0xffff0000);
    expect_sound();
}

static void a_bar_moves_with_its_trap(void **state)
{
    (void)state;
    uint64_t old = bar_at(1);
    unsigned flushes = rig.flushes;
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, 0xc8000000);
    assert_int_equal(nested_at(0xc8000000), RIG_BAR);
    assert_int_equal(nested_at(old), 0);
    assert_int_equal(dma_at(rig.plain, old), 0);
    assert_int_equal(dma_at(rig.plain, 0xc8000000), RIG_BAR);
    assert_true(rig.flushes > flushes);
    assert_null(bus_find(&rig.mmio, old + RIG_TABLE));
    assert_non_null(bus_find(&rig.mmio, 0xc8000000 + RIG_TABLE));
    assert_int_equal(bus_read(&rig.mmio, 0xc8000000 + RIG_TABLE + 12, 4, 0), 1); /* masked after reset */
    expect_sound();
}

static void a_bar_outside_of_the_windows_is_nowhere(void **state)
{
    (void)state;
    static const uint64_t places[] = {0,          0x100000,   0xe0000000,    0xfec00000,         0xfee00000,
                                      0xdfffe000, 0x80000000, 0x7fffffc000u, 0xffffffffffffc000u};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        bool high = places[i] == 0x7fffffc000u;
        guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, (uint32_t)places[i]);
        guest_pci_rig_write(&rig, 1, PCI_BAR0 + 4, 4, (uint32_t)(places[i] >> 32));
        bool low = (places[i] & ~UINT64_C(0x3fff)) == 0xdfffc000;
        assert_int_equal(rig.pci.functions[1]->bars[0].mapped, high || low);
        expect_sound();
    }
}

static void decode_off_unmaps_for_the_guest_only(void **state)
{
    (void)state;
    uint64_t at = bar_at(1);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, 0);
    assert_int_equal(nested_at(at), 0);
    assert_int_equal(dma_at(rig.nvme, at), 0);
    assert_null(bus_find(&rig.mmio, at + RIG_TABLE));
    expect_sound(); /* physical decode is on */
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(nested_at(at), RIG_BAR);
}

static void overlapping_bars_stay_apart(void **state)
{
    (void)state;
    uint64_t other = bar_at(2);
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, (uint32_t)other);
    assert_int_equal(nested_at(other), RIG_BAR_PLAIN);
    assert_false(rig.pci.functions[1]->bars[0].mapped);
    expect_sound();
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, 0xc8000000);
    assert_int_equal(nested_at(0xc8000000), RIG_BAR);
    expect_sound();
}

static void a_bar_in_anothers_trapped_page_waits_for_it_to_go(void **state)
{
    (void)state;
    struct guest_bar *b = &rig.pci.functions[2]->bars[0];
    guest_pci_rig_write(&rig, 2, PCI_COMMAND, 2, 0);
    b->size = PAGE_SIZE; /* small enough to hide in it */
    uint64_t at = bar_at(1);
    guest_pci_rig_write(&rig, 2, PCI_BAR0, 4, (uint32_t)at + RIG_TABLE);
    guest_pci_rig_write(&rig, 2, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    assert_int_equal(nested_at(at + RIG_TABLE), 0);
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, 0xc8000000);
    assert_int_equal(nested_at(at + RIG_TABLE), RIG_BAR_PLAIN);
    expect_sound();
}

static void a_reset_brings_swapped_bars_back(void **state)
{
    (void)state;
    uint64_t first = bar_at(1);
    uint64_t second = bar_at(2);
    guest_pci_rig_write(&rig, 2, PCI_BAR0, 4, 0xd0000000);
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, (uint32_t)second);
    guest_pci_rig_write(&rig, 2, PCI_BAR0, 4, (uint32_t)first & 0xffff0000);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, PCI_COMMAND_BUS_MASTER | PCI_COMMAND_MEMORY);
    guest_pci_reset(&rig.pci);
    assert_int_equal(nested_at(first), RIG_BAR);
    assert_int_equal(nested_at(second), RIG_BAR_PLAIN);
    assert_int_equal(fake_pci_get(rig.nvme, PCI_COMMAND, 2) & PCI_COMMAND_BUS_MASTER, 0);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
    expect_sound();
}

static void misaligned_and_wide_accesses(void **state)
{
    (void)state;
    assert_int_equal(bus_read(&rig.mmio, GUEST_ECAM_START + 0x8000, 8, 0), 0x0010000200101b36);
    assert_int_equal(guest_pci_rig_read(&rig, 1, 1, 4), 0x0200101b);
    assert_int_equal(bus_read(&rig.mmio, GUEST_ECAM_START + 0x8ffc, 8, 0), UINT64_MAX);
}

static void windows_end_where_page_tables_do(void **state)
{
    (void)state;
    assert_int_equal(guest_bar_windows_of(&rig.memory, 36).high_end, UINT64_C(1) << 36);
    assert_int_equal(guest_bar_windows_of(&rig.memory, 39).high_end, UINT64_C(1) << 39);
    assert_int_equal(guest_bar_windows_of(&rig.memory, 52).high_end, UINT64_C(1) << 40);
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
        cmocka_unit_test_setup(finds_its_functions_and_no_others, setup),
        cmocka_unit_test_setup(ports_have_lanes_and_an_enable_bit, setup),
        cmocka_unit_test_setup(a_byte_at_cf9_goes_to_the_reset_port, setup),
        cmocka_unit_test_setup(shows_only_known_capabilities, setup),
        cmocka_unit_test_setup(overlapping_capabilities_are_hidden, setup),
        cmocka_unit_test_setup(config_writes_touch_no_hardware, setup),
        cmocka_unit_test_setup(bus_mastering_follows_the_guest, setup),
        cmocka_unit_test_setup(bars_are_placed_and_mapped_less_the_table, setup),
        cmocka_unit_test_setup(bars_size, setup),
        cmocka_unit_test_setup(a_bar_moves_with_its_trap, setup),
        cmocka_unit_test_setup(a_bar_outside_of_the_windows_is_nowhere, setup),
        cmocka_unit_test_setup(decode_off_unmaps_for_the_guest_only, setup),
        cmocka_unit_test_setup(overlapping_bars_stay_apart, setup),
        cmocka_unit_test_setup(a_bar_in_anothers_trapped_page_waits_for_it_to_go, setup),
        cmocka_unit_test_setup(a_reset_brings_swapped_bars_back, setup),
        cmocka_unit_test_setup(misaligned_and_wide_accesses, setup),
        cmocka_unit_test_setup(windows_end_where_page_tables_do, setup),
    };
    int failed = cmocka_run_group_tests_name("own tables", tests, NULL, NULL);
    return failed + cmocka_run_group_tests_name("shared tables", tests, use_shared_tables, NULL);
}
