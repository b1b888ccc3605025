/* SPDX-License-Identifier: GPL-2.0-only
 * Places for VF BARs: inside the windows of every bridge above, over nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/drivers/sriov_rig.h"

static struct sriov sriov;

/* One BAR of that kind and size for eight VFs. */
static enum status find(enum pci_bar_kind kind, bool prefetchable, uint64_t address, uint64_t size)
{
    struct pci_reader reader = pci_reader_live(&rig.pf->at);
    rig_read();
    assert_int_equal(sriov_read(&reader, &rig.pci, rig_pf(), &sriov), STATUS_OK);
    memset(sriov.bars, 0, sizeof(sriov.bars));
    sriov.num = 8;
    sriov.bars[0] = (struct pci_bar){.kind = kind, .prefetchable = prefetchable, .address = address, .size = size};
    return sriov_room_find(&rig.place, &sriov, &rig.diags);
}

static void expect_at(uint64_t address)
{
    assert_true(sriov.bars[0].assigned);
    assert_int_equal(sriov.bars[0].address, address);
}

static void windows(void **state)
{
    struct sriov_window memory, prefetchable;
    (void)state;
    rig_read();
    assert_true(sriov_room_windows(&sriov_view_live, &rig.pci.functions[0], &memory, &prefetchable));
    assert_int_equal(memory.start, 0xe0000000);
    assert_int_equal(memory.end, 0xe0100000);
    assert_int_equal(prefetchable.start, 0x40fff00000);
    assert_int_equal(prefetchable.end, 0x4100000000);
    fake_pci_set(rig.port, PCI_BRIDGE_MEMORY, 4, 0x0000fff0); /* base above limit: closed */
    assert_true(sriov_room_windows(&sriov_view_live, &rig.pci.functions[0], &memory, &prefetchable));
    assert_int_equal(memory.end, 0);
    assert_false(sriov_room_windows(&sriov_view_live, &rig.pci.functions[1], &memory, &prefetchable));
}

static void free_room(void **state)
{
    (void)state;
    assert_int_equal(find(PCI_BAR_MEM64, false, 0, 0x4000), STATUS_OK);
    expect_at(0xe0004000);
    assert_int_equal(find(PCI_BAR_MEM64, false, 0, 0x10000), STATUS_OK);
    expect_at(0xe0010000); /* aligned to one VF's size */
    assert_int_equal(find(PCI_BAR_MEM64, true, 0, 0x20000), STATUS_OK);
    expect_at(0x40fff00000);
    assert_int_equal(find(PCI_BAR_MEM32, true, 0, 0x4000), STATUS_OK);
    expect_at(0xe0004000); /* 32 bits do not reach the other window */
}

static void no_room(void **state)
{
    (void)state;
    assert_int_equal(find(PCI_BAR_MEM64, false, 0, 0x20000), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_NO_ROOM, "VF BAR 0 needs 0x100000 bytes (8 VFs), and bridge 0000:00:01.0", "mem-reserve=2M");
    assert_int_equal(find(PCI_BAR_MEM64, true, 0, 0x40000), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_NO_ROOM, "0x200000 bytes", "\"Above 4G decoding\"");
    fake_pci_set(rig.port, PCI_BRIDGE_MEMORY, 4, 0x0000fff0);
    assert_int_equal(find(PCI_BAR_MEM32, true, 0, 0x4000), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_NO_ROOM, "no free 32-bit addresses", "pref32-reserve=2M");
}

static void firmwares_place(void **state)
{
    (void)state;
    assert_int_equal(find(PCI_BAR_MEM64, false, 0xe0080000, 0x4000), STATUS_OK);
    expect_at(0xe0080000);
    const uint64_t bad[] = {
        0xe00f0000,   /* the last VFs would be outside */
        0xd0000000,   /* outside */
        0xe0000000,   /* over the PF's own */
        0xe0002000,   /* not aligned */
        0xfff0000000, /* another window's */
        UINT64_MAX - 0x3fff,
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(find(PCI_BAR_MEM64, false, bad[i], 0x4000), STATUS_OK);
        expect_at(0xe0004000);
    }
    rig.taken = 0xe0090000; /* memory there, whatever firmware says */
    rig.taken_size = 0x1000;
    assert_int_equal(find(PCI_BAR_MEM64, false, 0xe0080000, 0x4000), STATUS_OK);
    expect_at(0xe0004000);
}

static void over_nothing_else(void **state)
{
    (void)state;
    struct fake_pci_function *other = fake_pci_add(sbdf_make(0, 1, 0, 1), 0x8086, 1, 0x020000);
    fake_pci_add_bar(other, 0, FAKE_BAR_MEM32, 0xe0010000, 0x10000);
    fake_pci_add_rom(other, 0xe0020000, 0x10000);
    assert_int_equal(find(PCI_BAR_MEM64, false, 0, 0x4000), STATUS_OK);
    expect_at(0xe0030000);
    /* A bridge beside it, and what it lets through. */
    rig.port->bytes[0x1a] = 8;
    fake_pci_set(fake_pci_add_bridge(sbdf_make(0, 1, 2, 0), 3, 3), PCI_BRIDGE_MEMORY, 4, PORT_MEMORY);
    assert_int_equal(find(PCI_BAR_MEM64, false, 0, 0x4000), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_NO_ROOM, "VF BAR 0", "");
}

static void other_vfs(void **state)
{
    (void)state;
    assert_int_equal(find(PCI_BAR_MEM64, false, 0, 0x4000), STATUS_OK);
    rig.sriov.pfs[0] = sriov;
    rig.sriov.count = 1;
    assert_int_equal(find(PCI_BAR_MEM64, false, 0, 0x4000), STATUS_OK);
    expect_at(0xe0004000 + 8 * 0x4000);
    rig.taken = 0xe0024000;
    rig.taken_size = 0x1000;
    assert_int_equal(find(PCI_BAR_MEM64, false, 0, 0x4000), STATUS_OK);
    expect_at(0xe0028000);
}

/* Two BARs: the large one first, and neither over the other. */
static void large_ones_first(void **state)
{
    (void)state;
    assert_int_equal(find(PCI_BAR_MEM32, false, 0, 0x1000), STATUS_OK);
    sriov.bars[0].address = 0;
    sriov.bars[2] = (struct pci_bar){.kind = PCI_BAR_MEM32, .size = 0x10000};
    assert_int_equal(sriov_room_find(&rig.place, &sriov, &rig.diags), STATUS_OK);
    assert_int_equal(sriov.bars[2].address, 0xe0010000);
    assert_int_equal(sriov.bars[0].address, 0xe0004000);
}

/* What the port lets through, a bridge further up does not. */
static void every_bridge_above(void **state)
{
    (void)state;
    assert_int_equal(find(PCI_BAR_MEM64, false, 0xe0080000, 0x4000), STATUS_OK);
    rig.pci.functions[0].secondary = 1;
    struct pci_function up = rig.pci.functions[0];
    struct fake_pci_function *outer = fake_pci_add_bridge(sbdf_make(0, 0, 2, 0), 3, 3);
    fake_pci_set(outer, PCI_BRIDGE_MEMORY, 4, 0xe000e000);
    up.at = outer->at;
    struct pci_function three[] = {up, rig.pci.functions[0], rig.pci.functions[1]};
    three[1].parent = 0;
    three[2].parent = 1;
    const struct pci_facts pci = {.functions = three, .count = 3};
    rig.place.pci = &pci;
    sriov.pf = 2;
    assert_int_equal(sriov_room_find(&rig.place, &sriov, &rig.diags), STATUS_OK);
    expect_at(0xe0080000);
    fake_pci_set(outer, PCI_BRIDGE_MEMORY, 4, 0xd000d000);
    assert_int_equal(sriov_room_find(&rig.place, &sriov, &rig.diags), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_NO_ROOM, "VF BAR 0", "");
}

/* Without a bridge only firmware knows what reaches the device. */
static void on_a_root_bus(void **state)
{
    (void)state;
    assert_int_equal(find(PCI_BAR_MEM64, false, 0xd0000000, 0x4000), STATUS_OK);
    rig.pci.functions[1].parent = PCI_NO_INDEX;
    sriov.bars[0].address = 0xd0000000;
    assert_int_equal(sriov_room_find(&rig.place, &sriov, &rig.diags), STATUS_OK);
    expect_at(0xd0000000);
    sriov.bars[0].address = 0;
    assert_int_equal(sriov_room_find(&rig.place, &sriov, &rig.diags), STATUS_UNSUPPORTED);
    rig_expect(SRIOV_DIAG_NO_ROOM, "firmware gave it none", "SR-IOV support");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(windows, rig_setup),           cmocka_unit_test_setup(free_room, rig_setup),
        cmocka_unit_test_setup(no_room, rig_setup),           cmocka_unit_test_setup(firmwares_place, rig_setup),
        cmocka_unit_test_setup(over_nothing_else, rig_setup), cmocka_unit_test_setup(other_vfs, rig_setup),
        cmocka_unit_test_setup(large_ones_first, rig_setup),  cmocka_unit_test_setup(every_bridge_above, rig_setup),
        cmocka_unit_test_setup(on_a_root_bus, rig_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
