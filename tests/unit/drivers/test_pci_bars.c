/* SPDX-License-Identifier: GPL-2.0-only
 * BAR decoding and sizing; the fake fails the test when a BAR is written while its decoder is on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_bars.h"
#include "drivers/pci_caps.h"
#include "tests/fake/pci.h"

static struct diag diags[32];
static struct diag_list list;
static struct pci_function function;

static int setup(void **state)
{
    (void)state;
    fake_pci_reset();
    list = diag_list_make(diags, 32);
    return 0;
}

static struct fake_pci_function *add(uint32_t class_code)
{
    struct fake_pci_function *f = fake_pci_add(sbdf_make(0, 0, 3, 0), 0x8086, 0x10d3, class_code);
    fake_pci_set(f, 0x04, 2, 0x0007); /* decoding and mastering, as firmware leaves it */
    return f;
}

static const struct pci_function *size(struct fake_pci_function *f)
{
    struct pci_reader reader = pci_reader_live(&f->at);
    assert_int_equal(pci_function_read(&reader, f->at, &function, &list), STATUS_OK);
    uint8_t before[4096];
    memcpy(before, f->bytes, sizeof(before));
    pci_bars_size_function(&function, &list);
    assert_memory_equal(before, f->bytes, sizeof(before)); /* everything is as it was */
    return &function;
}

static void expect_bar(const struct pci_bar *bar, enum pci_bar_kind kind, uint64_t address, uint64_t bytes,
                       bool prefetchable)
{
    assert_int_equal(bar->kind, kind);
    assert_int_equal(bar->address, address);
    assert_int_equal(bar->size, bytes);
    assert_int_equal(bar->prefetchable, prefetchable);
    assert_int_equal(bar->assigned, address != 0);
}

static void sizes_every_kind(void **state)
{
    (void)state;
    struct fake_pci_function *f = add(0x020000);
    fake_pci_add_bar(f, 0, FAKE_BAR_MEM32, 0xfebc0000, 0x20000);
    fake_pci_add_bar(f, 1, FAKE_BAR_IO, 0xc040, 0x20);
    fake_pci_add_bar(f, 2, FAKE_BAR_MEM64_PREFETCHABLE, 0x8000000000, 0x100000000);
    fake_pci_add_bar(f, 4, FAKE_BAR_MEM64, 0xfe000000, 0x4000);
    fake_pci_add_rom(f, 0xfeb00000, 0x40000);
    const struct pci_function *got = size(f);
    expect_bar(&got->bars[0], PCI_BAR_MEM32, 0xfebc0000, 0x20000, false);
    expect_bar(&got->bars[1], PCI_BAR_IO, 0xc040, 0x20, false);
    expect_bar(&got->bars[2], PCI_BAR_MEM64, 0x8000000000, 0x100000000, true);
    assert_int_equal(got->bars[3].kind, PCI_BAR_UPPER);
    expect_bar(&got->bars[4], PCI_BAR_MEM64, 0xfe000000, 0x4000, false);
    assert_int_equal(got->bars[5].kind, PCI_BAR_UPPER);
    expect_bar(&got->rom, PCI_BAR_MEM32, 0xfeb00000, 0x40000, false);
    assert_false(got->rom_enabled);
    assert_int_equal(list.count, 0);
}

static void bus_mastering_and_interrupts_stay_as_they_are(void **state)
{
    (void)state;
    struct fake_pci_function *f = add(0x020000);
    fake_pci_add_bar(f, 0, FAKE_BAR_MEM32, 0xfebc0000, 0x1000);
    size(f);
    assert_int_equal(fake_pci_written(0, f->at, 0x04, 0x0507, 0x0004), 0); /* first: decoders off, nothing else */
    size_t count = 0;
    const struct fake_pci_write *last = &fake_pci_writes(&count)[0];
    assert_int_equal(last[count - 1].offset, 0x04); /* last: command restored */
    assert_int_equal(last[count - 1].value, 0x0007);
}

static void unassigned_and_absent(void **state)
{
    (void)state;
    struct fake_pci_function *f = add(0x020000);
    fake_pci_add_bar(f, 0, FAKE_BAR_MEM32, 0, 0x1000);
    fake_pci_add_bar(f, 2, FAKE_BAR_MEM64, 0, 0x10000);
    const struct pci_function *got = size(f);
    expect_bar(&got->bars[0], PCI_BAR_MEM32, 0, 0x1000, false);
    assert_int_equal(got->bars[1].kind, PCI_BAR_NONE);
    expect_bar(&got->bars[2], PCI_BAR_MEM64, 0, 0x10000, false);
    assert_int_equal(got->rom.kind, PCI_BAR_NONE);
    assert_int_equal(list.count, 0);
}

static void sixteen_bit_ports(void **state)
{
    (void)state;
    struct fake_pci_function *f = add(0x020000);
    fake_pci_add_bar(f, 0, FAKE_BAR_IO, 0xe000, 0x100);
    fake_pci_make_writable(f, 0x12, 2, 0);
    expect_bar(&size(f)->bars[0], PCI_BAR_IO, 0xe000, 0x100, false);
}

static void malformed_bars_are_hidden(void **state)
{
    (void)state;
    struct fake_pci_function *f = add(0x020000);
    fake_pci_set(f, 0x10, 4, 0xfe000006); /* reserved type 11 */
    fake_pci_make_writable(f, 0x10, 4, 0xfffff000);
    fake_pci_set(f, 0x14, 4, 0xfed00000); /* hardwired address */
    fake_pci_set(f, 0x18, 4, 0xfd000000); /* a hole in the writable bits */
    fake_pci_make_writable(f, 0x18, 4, 0xff0ff000);
    fake_pci_add_bar(f, 3, FAKE_BAR_MEM32, 0xfc000000, 0x1000);
    fake_pci_set(f, 0x24, 4, 0xfb000004); /* 64 bits in the last register */
    fake_pci_make_writable(f, 0x24, 4, 0xfffff000);
    const struct pci_function *got = size(f);
    assert_int_equal(got->bars[0].kind, PCI_BAR_NONE);
    assert_int_equal(got->bars[1].kind, PCI_BAR_NONE);
    assert_int_equal(got->bars[2].kind, PCI_BAR_NONE);
    expect_bar(&got->bars[3], PCI_BAR_MEM32, 0xfc000000, 0x1000, false);
    assert_int_equal(got->bars[5].kind, PCI_BAR_NONE);
    assert_true(list.count >= 4);
}

static void host_bridges_and_idle_bridges_are_left_alone(void **state)
{
    (void)state;
    struct fake_pci_function *host = add(0x060000);
    fake_pci_add_bar(host, 0, FAKE_BAR_MEM32, 0xe0000000, 0x10000000);
    assert_int_equal(size(host)->bars[0].size, 0);
    struct fake_pci_function *bridge = fake_pci_add_bridge(sbdf_make(0, 0, 4, 0), 1, 1);
    size(bridge);
    size_t count = 0;
    fake_pci_writes(&count);
    assert_int_equal(count, 0);
}

static void bridge_with_bars_keeps_its_bus_numbers_and_windows(void **state)
{
    (void)state;
    struct fake_pci_function *bridge = fake_pci_add_bridge(sbdf_make(0, 0, 4, 0), 1, 1);
    fake_pci_add_bar(bridge, 0, FAKE_BAR_MEM64, 0xfe800000, 0x100);
    fake_pci_set(bridge, 0x20, 4, 0xfe70fe60);
    expect_bar(&size(bridge)->bars[0], PCI_BAR_MEM64, 0xfe800000, 0x100, false);
    size_t count = 0;
    const struct fake_pci_write *w = fake_pci_writes(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(w[i].offset < 0x18 || w[i].offset == 0x38);
    }
}

static void decode_vectors(void **state)
{
    (void)state;
    static const struct {
        uint64_t value, mask;
        enum status status;
        enum pci_bar_kind kind;
        uint64_t size;
        bool assigned;
    } v[] = {
        {0, 0, STATUS_OK, PCI_BAR_NONE, 0, false},
        {0xfebf0000, 0xffff0000, STATUS_OK, PCI_BAR_MEM32, 0x10000, true},
        {0xfebf0008, 0xfffffff8, STATUS_OK, PCI_BAR_MEM32, 0x10, true},
        {0x000d0002, 0xffff0002, STATUS_OK, PCI_BAR_MEM32, 0x10000, true},
        {0xc001, 0xffe1, STATUS_OK, PCI_BAR_IO, 0x20, true},
        {0xc001, 0xfffffffd, STATUS_OK, PCI_BAR_IO, 4, true},
        {0x38000000000c, 0xfffffff80000000c, STATUS_OK, PCI_BAR_MEM64, 0x800000000, true},
        {0x4, 0x0000007ffff00004, STATUS_OK, PCI_BAR_MEM64, 0x100000, false},
        {0xfebf0000, 0xffff1000, STATUS_BAD_FORMAT, PCI_BAR_NONE, 0, false},
        {6, 0xfffff006, STATUS_BAD_FORMAT, PCI_BAR_NONE, 0, false},
        {1, 1, STATUS_BAD_FORMAT, PCI_BAR_NONE, 0, false},
        {0xffff00000000000c, 0xffff00000000000c, STATUS_OK, PCI_BAR_MEM64, UINT64_C(1) << 48, false}, /* wraps */
        {0xfebf1000, 0xffff0000, STATUS_OK, PCI_BAR_MEM32, 0x10000, false}, /* not a multiple of its size */
    };
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        struct pci_bar bar;
        assert_int_equal(pci_bar_decode(v[i].value, v[i].mask, &bar), v[i].status);
        assert_int_equal(bar.kind, v[i].kind);
        assert_int_equal(bar.size, v[i].size);
        assert_int_equal(bar.assigned, v[i].assigned);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sizes_every_kind, setup),
        cmocka_unit_test_setup(bus_mastering_and_interrupts_stay_as_they_are, setup),
        cmocka_unit_test_setup(unassigned_and_absent, setup),
        cmocka_unit_test_setup(sixteen_bit_ports, setup),
        cmocka_unit_test_setup(malformed_bars_are_hidden, setup),
        cmocka_unit_test_setup(host_bridges_and_idle_bridges_are_left_alone, setup),
        cmocka_unit_test_setup(bridge_with_bars_keeps_its_bus_numbers_and_windows, setup),
        cmocka_unit_test_setup(decode_vectors, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
