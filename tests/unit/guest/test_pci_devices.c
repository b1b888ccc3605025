/* SPDX-License-Identifier: GPL-2.0-only
 * Further kinds of devices on a guest's bus: BARs in a page of others, option ROMs, extended configuration space, more
 * functions than device numbers, and ones that are gone. */
#include "guest/pci.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/pci_regs.h"
#include "kernel/core/pages.h"
#include "tests/fake/guest_pci_rig.h"

#define SERIAL_AT 0x148 /* after the errors' 0x48 bytes, which are hidden */
#define PLACE_A 0xc8000100u
#define PLACE_B 0xc8000800u

static struct guest_pci_rig rig;
static struct guest_pci_function *f; /* the small one, at 00:01.0 */

static int setup(void **state)
{
    (void)state;
    guest_pci_rig_start(&rig);
    rig.plans[4].rom = true;
    f = guest_pci_rig_attach(&rig, &rig.small_device);
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, PLACE_A);
    guest_pci_rig_write(&rig, 1, PCI_BAR0 + 4, 4, PLACE_B);
    return 0;
}

static void expect_sound(void)
{
    const char *wrong = guest_pci_rig_wrong(&rig);
    if (wrong != NULL) {
        fail_msg("%s", wrong);
    }
}

static uint64_t load(uint64_t at, unsigned width)
{
    return bus_read(&rig.mmio, at, width, 0);
}

static void store(uint64_t at, unsigned width, uint64_t value)
{
    bus_write(&rig.mmio, at, width, value, 0);
}

static bool is_mapped(uint64_t at)
{
    struct radix_mapping m;
    return radix_lookup(&rig.nested, at, &m) == STATUS_OK;
}

/* The rig fails the test for an access outside of the BARs. */
static void small_bars_are_passed_on_by_themselves(void **state)
{
    (void)state;
    assert_false(is_mapped(PLACE_A));
    store(PLACE_A + 0x10, 4, 0x12345678);
    assert_int_equal(rig.small_registers[0x10], 0x78);
    assert_int_equal(load(PLACE_A + 0x12, 2), 0x1234);
    assert_int_equal(load(PLACE_A + 0x10, 8), UINT64_C(0x7777777712345678));
    unsigned writes = rig.small_writes;
    store(PLACE_A + 0x11, 4, 0); /* misaligned */
    store(PLACE_A + 0xfc, 8, 0); /* over the end */
    store(PLACE_A - 4, 4, 0);    /* neighbours in the page */
    store(PLACE_A + 0x100, 4, 0);
    assert_int_equal(rig.small_writes, writes);
    assert_int_equal(load(PLACE_A + 0x100, 4), UINT32_MAX);
    assert_int_equal(load(PLACE_A + 0x11, 2), UINT16_MAX);
    expect_sound();
}

static void small_bars_size_move_and_switch_off(void **state)
{
    (void)state;
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, 0xffffffff);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_BAR0, 4), 0xffffff00);
    assert_int_equal(load(PLACE_A + 0x10, 4), UINT32_MAX);
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, 0xc9000300);
    assert_int_equal(load(0xc9000310, 4), 0x77777777);
    guest_pci_rig_write(&rig, 1, PCI_COMMAND, 2, 0);
    assert_int_equal(load(0xc9000310, 4), UINT32_MAX);
    expect_sound();
}

static void a_table_in_a_small_bar_is_kept_from_the_guest(void **state)
{
    (void)state;
    uint64_t table = PLACE_B + RIG_MESSAGES_TABLE;
    guest_pci_rig_write(&rig, 1, f->view.msix + PCI_MSIX_CONTROL, 2, PCI_MSIX_ENABLE);
    store(table, 4, 0xfee01000);
    store(table + 8, 4, 0x41);
    store(table + 12, 4, 0);
    assert_int_equal(load(table, 4), 0xfee01000);
    assert_int_not_equal(rig.message_registers[RIG_MESSAGES_TABLE + 8], 0x41);
    assert_int_equal(rig.message_registers[RIG_MESSAGES_TABLE + 12] & 1, 0);
    store(PLACE_B + 0x200, 2, 0xabcd); /* registers beside it are the guest's */
    assert_int_equal(rig.message_registers[0x200], 0xcd);
    expect_sound();
}

static void the_later_one_waits_for_its_place(void **state)
{
    (void)state;
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, PLACE_B + 0x100);
    assert_true(f->lost);
    assert_int_equal(load(PLACE_B + 0x110, 1), 0x66); /* the first one's */
    guest_pci_rig_write(&rig, 1, PCI_BAR0 + 4, 4, 0xca000000);
    assert_false(f->lost);
    assert_int_equal(load(PLACE_B + 0x110, 1), 0x77);
    struct guest_pci_function *plain = guest_pci_rig_attach(&rig, &rig.plain_device);
    guest_pci_rig_write(&rig, 2, PCI_BAR0, 4, PLACE_B & 0xffff0000);
    assert_false(plain->bars[0].mapped); /* the small one is in it */
    guest_pci_rig_write(&rig, 1, PCI_BAR0, 4, 0xcb000000);
    assert_true(plain->bars[0].mapped);
    assert_true(is_mapped(PLACE_B & 0xffff0000));
    expect_sound();
}

static void the_rom_is_a_copy(void **state)
{
    (void)state;
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_ROM, 4), 0);
    guest_pci_rig_write(&rig, 1, PCI_ROM, 4, 0xfffff800);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_ROM, 4), 0xfffff800);
    guest_pci_rig_write(&rig, 1, PCI_ROM, 4, 0xc8010000 | PCI_ROM_ENABLE);
    assert_int_equal(load(0xc8010000, 2), 0xaa55);
    assert_int_equal(load(0xc8010100, 1), 0x100 % 251);
    assert_int_equal(load(0xc8010000 + RIG_ROM_BYTES - 1, 1), (RIG_ROM_BYTES - 1) % 251);
    store(0xc8010000, 4, 0);
    assert_int_equal(load(0xc8010000, 2), 0xaa55);
    assert_false(is_mapped(0xc8010000));
    expect_sound(); /* the device's own decoder is off */
    guest_pci_rig_write(&rig, 1, PCI_ROM, 1, 0);
    assert_int_equal(load(0xc8010000, 2), UINT16_MAX);
    guest_pci_rig_write(&rig, 1, PCI_ROM, 4, 0x1000 | PCI_ROM_ENABLE); /* over RAM */
    assert_int_equal(load(0x1000, 2), UINT16_MAX);
    guest_pci_reset(&rig.pci);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_ROM, 4), 0);
}

static void the_rom_is_where_the_plan_says(void **state)
{
    (void)state;
    guest_pci_rig_start(&rig);
    rig.plans[4].rom = true;
    rig.plans[4].rom_at = 0xc8020000;
    guest_pci_rig_attach(&rig, &rig.small_device);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_ROM, 4), 0xc8020000);
        assert_int_equal(load(0xc8020000, 2), UINT16_MAX);
        guest_pci_rig_write(&rig, 1, PCI_ROM, 1, PCI_ROM_ENABLE);
        assert_int_equal(load(0xc8020000, 2), 0xaa55);
        guest_pci_rig_write(&rig, 1, PCI_ROM, 4, 0xc8030000);
        guest_pci_reset(&rig.pci); /* it is back */
    }
    expect_sound();
}

static void a_masked_rom_reads_0(void **state)
{
    (void)state;
    guest_pci_rig_start(&rig);
    uint64_t pages = pages_used_bytes();
    guest_pci_rig_attach(&rig, &rig.small_device);
    guest_pci_rig_write(&rig, 1, PCI_ROM, 4, 0xffffffff);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_ROM, 4), 0);
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.small_device), STATUS_OK);
    rig.plans[4].rom = true;
    guest_pci_rig_attach(&rig, &rig.small_device);
    assert_int_equal(guest_pci_rig_detach(&rig, &rig.small_device), STATUS_OK);
    assert_in_range(pages_used_bytes(), pages, pages + 8 * PAGE_SIZE); /* page tables stay */
    expect_sound();
}

static void a_rom_at_anothers_address_is_not_read(void **state)
{
    (void)state;
    struct guest_rom rom;
    struct guest_bar bar = {0};
    struct pci_function host = *rig.small_facts;
    host.rom.address = RIG_BAR_PLAIN;
    assert_int_equal(guest_rom_make(&rom, &bar, &rig.facts, &host), STATUS_OK);
    assert_int_equal(rom.bytes, 0);
    host.rom.assigned = false;
    assert_int_equal(guest_rom_make(&rom, &bar, &rig.facts, &host), STATUS_OK);
    assert_int_equal(rom.bytes, 0);
    assert_int_equal(bar.kind, PCI_BAR_NONE);
}

static void of_extended_space_the_serial_number_alone(void **state)
{
    (void)state;
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_EXT_FIRST, 4), (uint32_t)SERIAL_AT << 20);
    assert_int_equal(guest_pci_rig_read(&rig, 1, SERIAL_AT, 4), 0x00010003);
    assert_int_equal(guest_pci_rig_read(&rig, 1, SERIAL_AT + 4, 4), RIG_SERIAL);
    for (uint16_t at = PCI_EXT_FIRST; at < 4096; at += 4) {
        bool shown = at == PCI_EXT_FIRST || (at >= SERIAL_AT && at < SERIAL_AT + 12);
        uint32_t before = guest_pci_rig_read(&rig, 1, at, 4);
        assert_true(shown || before == 0);
        guest_pci_rig_write(&rig, 1, at, 4, 0xffffffff);
        assert_int_equal(guest_pci_rig_read(&rig, 1, at, 4), before);
    }
    expect_sound();
}

static void payloads_and_requests_stay_within_limits(void **state)
{
    (void)state;
    uint16_t control = (uint16_t)(f->view.express + PCI_EXP_DEVCTL);
    assert_int_equal(guest_pci_rig_read(&rig, 1, f->view.express + PCI_EXP_DEVCAP, 4) & 7, 0); /* as it is set to */
    assert_int_equal(guest_pci_rig_read(&rig, 1, f->view.express + PCI_EXP_DEVCAP, 4) & PCI_DEVCAP_FLR, 0);
    assert_int_equal(guest_pci_rig_read(&rig, 1, control, 2), 0x2810);
    guest_pci_rig_write(&rig, 1, control, 2, 0xffff);
    assert_int_equal(guest_pci_rig_read(&rig, 1, control, 2), 0x591f);
    assert_int_equal(fake_pci_get(rig.small, rig.small_facts->cap.express + PCI_EXP_DEVCTL, 2) & 0x7000, 0x2000);
}

/* virtio's capabilities say where its registers are; both of them are in the chain. */
static void a_rule_of_a_vendor_passes_its_capabilities(void **state)
{
    (void)state;
    unsigned count = 0;
    for (uint32_t at = guest_pci_rig_read(&rig, 1, PCI_CAPABILITIES, 1); at != 0;
         at = guest_pci_rig_read(&rig, 1, (uint16_t)(at + 1), 1)) {
        if (guest_pci_rig_read(&rig, 1, (uint16_t)at, 1) == PCI_CAP_VENDOR) {
            assert_int_equal(guest_pci_rig_read(&rig, 1, (uint16_t)(at + 12), 4), 0x5a5a5a5a);
            guest_pci_rig_write(&rig, 1, (uint16_t)(at + 12), 4, 0);
            assert_int_equal(guest_pci_rig_read(&rig, 1, (uint16_t)(at + 12), 4), 0x5a5a5a5a);
            count++;
        }
    }
    assert_int_equal(count, 2);
}

static void what_is_gone_reads_all_ones(void **state)
{
    (void)state;
    rig.small->gone = true;
    assert_int_equal(guest_pci_rig_read(&rig, 1, 0, 4), UINT32_MAX);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_BAR0, 4), UINT32_MAX);
    rig.small->gone = false;
    assert_int_equal(guest_pci_rig_read(&rig, 1, 0, 4), 0x10411af4);
    assert_int_equal(guest_pci_rig_read(&rig, 1, PCI_BAR0, 4), PLACE_A);
}

static void reserved_ranges_are_skipped_and_refused(void **state)
{
    (void)state;
    struct guest_bar_windows w = rig.pci.config.windows;
    uint64_t low = w.low_start, high = w.high_start;
    struct guest_bar bar = {.kind = PCI_BAR_MEM32, .size = 0x10000};
    w.reserved[0] = (struct guest_bar_range){w.low_start + 0x8000, w.low_start + 0x11000};
    w.reserved[1] = (struct guest_bar_range){w.low_start + 0x20000, w.low_start + 0x21000};
    w.reserved_count = 2;
    assert_int_equal(guest_bar_place(&bar, &w, &low, &high), STATUS_OK);
    assert_int_equal(bar.address, w.low_start + 0x30000);
    assert_true(guest_bar_fits(&bar, &w));
    bar.address = w.low_start + 0x20000;
    assert_false(guest_bar_fits(&bar, &w));
    w.reserved[0] = (struct guest_bar_range){0, UINT64_C(1) << 51};
    assert_int_equal(guest_bar_place(&bar, &w, &low, &high), STATUS_NO_MEMORY);
    bar.kind = PCI_BAR_MEM64;
    assert_int_equal(guest_bar_place(&bar, &w, &low, &high), STATUS_NO_MEMORY);
}

static uint32_t function_read(unsigned device, unsigned function, uint16_t offset, unsigned width)
{
    return (uint32_t)load(GUEST_ECAM_START + ((uint64_t)device << 15 | function << 12) + offset, width);
}

static void forty_functions_are_on_one_bus(void **state)
{
    (void)state;
    guest_pci_rig_start_many(&rig);
    size_t failed = 0;
    assert_int_equal(guest_pci_rig_assign(&rig.pci, rig.many_devices, RIG_MANY, &failed), STATUS_OK);
    for (unsigned i = 0; i < RIG_MANY; i++) {
        assert_int_equal(function_read(1 + i % 31, i / 31, 0, 4), 0x15208086);
        bool more = i % 31 + 31 < RIG_MANY;
        assert_int_equal(function_read(1 + i % 31, i / 31, PCI_HEADER_TYPE, 1), more ? 0x80 : 0);
        assert_int_equal(function_read(1 + i % 31, i / 31, 0x0c, 4), more ? 0x800000 : 0);
    }
    assert_int_equal(function_read(10, 1, 0, 4), UINT32_MAX);
    assert_int_equal(function_read(0, 1, 0, 4), UINT32_MAX);
    __atomic_store_n(&rig.pci.asserted, UINT64_C(1) << 31 | 1 << 7, __ATOMIC_SEQ_CST); /* 00:01.1 and 00:08.0 */
    assert_int_equal(guest_pci_lines(&rig.pci), 1u << 16 | 1u << 23);
    rig.pci.asserted = 0;
    expect_sound();
    enum status each[RIG_MANY];
    assign_detach(&rig.pci, rig.many_devices, RIG_MANY, each);
    for (unsigned i = 0; i < RIG_MANY; i++) {
        assert_int_equal(each[i], STATUS_OK);
    }
    assert_int_equal(function_read(1, 1, 0, 4), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(small_bars_are_passed_on_by_themselves, setup),
        cmocka_unit_test_setup(small_bars_size_move_and_switch_off, setup),
        cmocka_unit_test_setup(a_table_in_a_small_bar_is_kept_from_the_guest, setup),
        cmocka_unit_test_setup(the_later_one_waits_for_its_place, setup),
        cmocka_unit_test_setup(the_rom_is_a_copy, setup),
        cmocka_unit_test_setup(the_rom_is_where_the_plan_says, setup),
        cmocka_unit_test_setup(a_masked_rom_reads_0, setup),
        cmocka_unit_test_setup(a_rom_at_anothers_address_is_not_read, setup),
        cmocka_unit_test_setup(of_extended_space_the_serial_number_alone, setup),
        cmocka_unit_test_setup(payloads_and_requests_stay_within_limits, setup),
        cmocka_unit_test_setup(a_rule_of_a_vendor_passes_its_capabilities, setup),
        cmocka_unit_test_setup(what_is_gone_reads_all_ones, setup),
        cmocka_unit_test_setup(reserved_ranges_are_skipped_and_refused, setup),
        cmocka_unit_test_setup(forty_functions_are_on_one_bus, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
