/* SPDX-License-Identifier: GPL-2.0-only
 * Clashes of BARs with memory, platform windows and each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_bars.h"
#include "drivers/pci_diag.h"
#include "tests/fake/pci.h"

#define COUNT 4

static struct pci_function functions[COUNT];
static struct pci_facts facts;
static struct memory_map map;
static uint8_t memory[8192];
static struct arena scratch;
static struct diag diags[32];
static struct diag_list list;

static const struct pci_platform_range ranges[] = {{0xfee00000, 0xfee01000, "local APIC"},
                                                   {0xfed90000, 0xfed91000, "remapping unit"},
                                                   {0xb0000000, 0xc0000000, "ECAM window"}};

static int setup(void **state)
{
    (void)state;
    memset(functions, 0, sizeof(functions));
    memset(&map, 0, sizeof(map));
    for (unsigned i = 0; i < COUNT; i++) {
        functions[i].at = sbdf_make(0, 0, i + 1, 0);
        functions[i].class_code = 0x020000;
        functions[i].command = 3;
    }
    facts = (struct pci_facts){.functions = functions, .count = COUNT};
    assert_int_equal(memory_map_add(&map, 0, 0x80000000, MEMORY_RAM), STATUS_OK);
    assert_int_equal(memory_map_add(&map, 0xfd000000, 0x1000000, MEMORY_RESERVED), STATUS_OK);
    scratch = arena_make(memory, sizeof(memory));
    list = diag_list_make(diags, 32);
    return 0;
}

static void bar(unsigned function, unsigned index, enum pci_bar_kind kind, uint64_t address, uint64_t size)
{
    functions[function].bars[index] =
        (struct pci_bar){.kind = kind, .address = address, .size = size, .assigned = true};
}

static void check(void)
{
    assert_int_equal(pci_bars_check(&facts, &map, ranges, 3, &scratch, &list), STATUS_OK);
}

static void sane_machine_passes(void **state)
{
    (void)state;
    bar(0, 0, PCI_BAR_MEM32, 0xfebc0000, 0x20000);
    bar(1, 0, PCI_BAR_MEM32, 0xfebe0000, 0x20000); /* touches, does not overlap */
    bar(2, 0, PCI_BAR_MEM32, 0xfd000000, 0x1000);  /* in what firmware calls reserved */
    bar(3, 0, PCI_BAR_IO, 0xc000, 0x20);           /* a port number is no address */
    check();
    assert_int_equal(list.count, 0);
    assert_int_equal(scratch.used, 0);
}

static void over_ram(void **state)
{
    (void)state;
    bar(1, 2, PCI_BAR_MEM64, 0x7ffff000, 0x1000);
    check();
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].code, PCI_DIAG_BAR_RAM);
    assert_int_equal(list.items[0].severity, DIAG_ERROR);
    assert_string_equal(list.items[0].where, "0000:00:02.0");
    assert_string_equal(list.items[0].what, "BAR 2 at 0x7ffff000-0x7fffffff overlaps ram memory");
    assert_int_equal(functions[1].blocked, PCI_BLOCKED_BARS);
    assert_int_equal(functions[0].blocked, 0);
}

static void stale_bar_with_the_decoder_off_only_warns(void **state)
{
    (void)state;
    functions[0].command = 0;
    bar(0, 0, PCI_BAR_MEM32, 0x1000, 0x1000);
    check();
    assert_int_equal(list.items[0].severity, DIAG_WARNING);
    assert_int_equal(functions[0].blocked, PCI_BLOCKED_BARS);
}

static void over_the_platform(void **state)
{
    (void)state;
    bar(0, 0, PCI_BAR_MEM32, 0xfed80000, 0x20000);
    bar(1, 0, PCI_BAR_MEM32, 0xbff00000, 0x1000);
    functions[2].class_code = 0x080020; /* an I/O APIC: the platform's own */
    bar(2, 0, PCI_BAR_MEM32, 0xfee00000, 0x1000);
    check();
    assert_int_equal(list.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(list.items[i].code, PCI_DIAG_BAR_PLATFORM);
        assert_int_equal(functions[i].blocked, PCI_BLOCKED_BARS);
    }
    assert_int_equal(list.errors, 2);
}

static void over_each_other(void **state)
{
    (void)state;
    bar(0, 0, PCI_BAR_MEM32, 0xe0000000, 0x10000000); /* large, and two small ones inside it, apart */
    bar(1, 0, PCI_BAR_MEM32, 0xe1000000, 0x1000);
    bar(2, 0, PCI_BAR_MEM32, 0xe2000000, 0x1000);
    bar(3, 0, PCI_BAR_MEM32, 0xf0000000, 0x1000);
    check();
    assert_int_equal(list.errors, 2);
    assert_int_equal(functions[0].blocked, PCI_BLOCKED_BARS);
    assert_int_equal(functions[1].blocked, PCI_BLOCKED_BARS);
    assert_int_equal(functions[2].blocked, PCI_BLOCKED_BARS);
    assert_int_equal(functions[3].blocked, 0);
    assert_string_equal(list.items[0].what,
                        "BAR 0 at 0xe1000000-0xe1000fff overlaps BAR 0 of 0000:00:01.0 at 0xe0000000-0xefffffff");
}

static void ports_and_memory_sort_apart(void **state)
{
    (void)state;
    bar(0, 0, PCI_BAR_IO, 0xc000, 0x20);
    bar(1, 0, PCI_BAR_IO, 0xc010, 0x10);
    bar(2, 0, PCI_BAR_IO, 0xc020, 0x10);
    check();
    assert_int_equal(list.count, 1);
    assert_int_equal(functions[2].blocked, 0);
}

static void roms_count_only_when_on(void **state)
{
    (void)state;
    functions[0].rom = (struct pci_bar){.kind = PCI_BAR_MEM32, .address = 0xfee00000, .size = 0x800, .assigned = true};
    check();
    assert_int_equal(list.count, 0);
    functions[0].rom_enabled = true;
    check();
    assert_int_equal(list.count, 1);
}

/* Every overlapping BAR is found, whatever the order: compared with the plain quadratic answer. */
static void same_answer_as_comparing_all_pairs(void **state)
{
    uint32_t seed = 12345;
    for (unsigned round = 0; round < 500; round++) {
        setup(state);
        for (unsigned i = 0; i < COUNT * 3; i++) {
            seed = seed * 1664525 + 1013904223;
            uint64_t size = UINT64_C(0x1000) << ((seed >> 28) & 7);
            bar(i % COUNT, i / COUNT, PCI_BAR_MEM32, 0xc0000000 + ((seed >> 8) % 64) * 0x8000 / size * size, size);
        }
        bool expected[COUNT] = {false};
        for (unsigned i = 0; i < COUNT * 3; i++) {
            for (unsigned j = 0; j < i; j++) {
                const struct pci_bar *a = &functions[i % COUNT].bars[i / COUNT];
                const struct pci_bar *b = &functions[j % COUNT].bars[j / COUNT];
                if (a->address < b->address + b->size && b->address < a->address + a->size) {
                    expected[i % COUNT] = expected[j % COUNT] = true;
                }
            }
        }
        check();
        for (unsigned i = 0; i < COUNT; i++) {
            assert_int_equal(functions[i].blocked != 0, expected[i]);
        }
    }
}

static void small_scratch_is_an_error(void **state)
{
    (void)state;
    bar(0, 0, PCI_BAR_MEM32, 0xc0000000, 0x1000);
    scratch = arena_make(memory, 16);
    assert_int_equal(pci_bars_check(&facts, &map, ranges, 3, &scratch, &list), STATUS_NO_MEMORY);
}

static void closing_spares_the_platform(void **state)
{
    (void)state;
    fake_pci_reset();
    for (unsigned i = 0; i < COUNT; i++) {
        struct fake_pci_function *f = fake_pci_add(functions[i].at, 1, 2, 0);
        fake_pci_set(f, 0x04, 2, 0x0007);
    }
    functions[0].blocked = PCI_BLOCKED_BARS;
    functions[1].blocked = PCI_BLOCKED_BARS;
    functions[1].class_code = 0x080020;
    functions[2].blocked = PCI_BLOCKED_BRIDGE_PATH;
    pci_bars_close_blocked(&facts);
    assert_int_equal(fake_pci_get(fake_pci_find(functions[0].at), 0x04, 2), 0x0004);
    for (unsigned i = 1; i < COUNT; i++) {
        assert_int_equal(fake_pci_get(fake_pci_find(functions[i].at), 0x04, 2), 0x0007);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sane_machine_passes, setup),
        cmocka_unit_test_setup(over_ram, setup),
        cmocka_unit_test_setup(stale_bar_with_the_decoder_off_only_warns, setup),
        cmocka_unit_test_setup(over_the_platform, setup),
        cmocka_unit_test_setup(over_each_other, setup),
        cmocka_unit_test_setup(ports_and_memory_sort_apart, setup),
        cmocka_unit_test_setup(roms_count_only_when_on, setup),
        cmocka_unit_test_setup(same_answer_as_comparing_all_pairs, setup),
        cmocka_unit_test_setup(small_scratch_is_an_error, setup),
        cmocka_unit_test_setup(closing_spares_the_platform, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
