/* SPDX-License-Identifier: GPL-2.0-only
 * Capability chains, good and malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_caps.h"
#include "drivers/pci_diag.h"
#include "tests/fake/pci.h"

static uint8_t bytes[4096];
static struct pci_image image;
static struct pci_reader reader;
static struct diag diags[16];
static struct diag_list list;
static const struct sbdf where = {0x0300};

static int setup(void **state)
{
    (void)state;
    memset(bytes, 0, sizeof(bytes));
    bytes[0] = 0x86;
    bytes[1] = 0x80;
    bytes[0x06] = 0x10;
    image = (struct pci_image){bytes, sizeof(bytes)};
    reader = pci_reader_image(&image);
    list = diag_list_make(diags, 16);
    return 0;
}

static void cap(unsigned at, unsigned id, unsigned next)
{
    bytes[at] = (uint8_t)id;
    bytes[at + 1] = (uint8_t)next;
}

static void ext(unsigned at, unsigned id, unsigned version, unsigned next)
{
    uint32_t v = next << 20 | version << 16 | id;
    memcpy(bytes + at, &v, 4);
}

/* Number of capabilities a plain walk yields. */
static unsigned walk_length(bool extended)
{
    struct pci_cap_walk walk =
        extended ? pci_ext_caps_start(&reader, where, &list) : pci_caps_start(&reader, where, &list);
    struct pci_cap c;
    unsigned n = 0;
    while (pci_caps_next(&walk, &c)) {
        n++;
        assert_true(n <= 1024);
    }
    return n;
}

static void good_chains(void **state)
{
    (void)state;
    bytes[0x34] = 0x50;
    cap(0x50, 0x01, 0x70);
    cap(0x70, 0x10, 0xa0);
    cap(0xa0, 0x09, 0xb0);
    cap(0xb0, 0x09, 0xc0);
    cap(0xc0, 0x11, 0);
    ext(0x100, 0x0001, 2, 0x200);
    ext(0x200, 0x000f, 1, 0);
    struct pci_cap_offsets o = pci_caps_find(&reader, where, &list);
    assert_int_equal(o.pm, 0x50);
    assert_int_equal(o.express, 0x70);
    assert_int_equal(o.vendor, 0xa0); /* the first of two */
    assert_int_equal(o.msix, 0xc0);
    assert_int_equal(o.aer, 0x100);
    assert_int_equal(o.ats, 0x200);
    assert_int_equal(o.msi, 0);
    assert_int_equal(list.count, 0);
}

static void no_capability_bit_no_chain(void **state)
{
    (void)state;
    bytes[0x34] = 0x50;
    cap(0x50, 0x01, 0);
    bytes[0x06] = 0;
    assert_int_equal(walk_length(false), 0);
}

static void conventional_functions_have_no_extended_space(void **state)
{
    (void)state;
    bytes[0x34] = 0x50;
    cap(0x50, 0x01, 0);
    ext(0x100, 0x000d, 1, 0);
    assert_int_equal(pci_caps_find(&reader, where, &list).acs, 0);
}

static void loop_ends(void **state)
{
    (void)state;
    bytes[0x34] = 0x40;
    cap(0x40, 0x05, 0x60);
    cap(0x60, 0x09, 0x40);
    assert_int_equal(walk_length(false), 2);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].code, PCI_DIAG_CAP_CHAIN);
    assert_string_equal(list.items[0].where, "0000:03:00.0");
}

static void pointer_into_the_header_ends(void **state)
{
    (void)state;
    bytes[0x34] = 0x40;
    cap(0x40, 0x09, 0x10);
    assert_int_equal(walk_length(false), 1);
    assert_int_equal(list.count, 1);
}

static void reserved_pointer_bits_are_masked_and_told(void **state)
{
    (void)state;
    bytes[0x34] = 0x43;
    cap(0x40, 0x01, 0);
    assert_int_equal(pci_caps_find(&reader, where, &list).pm, 0x40);
    assert_int_equal(list.count, 1);
}

static void capability_that_does_not_fit(void **state)
{
    (void)state;
    bytes[0x34] = 0xf8;
    cap(0xf8, 0x11, 0xf0); /* MSI-X needs 12 bytes */
    cap(0xf0, 0x05, 0);    /* MSI: 10 bytes fit ... */
    bytes[0xf2] = 0x80;    /* ... 14 with a 64-bit address do too ... */
    struct pci_cap_offsets o = pci_caps_find(&reader, where, &list);
    assert_int_equal(o.msix, 0);
    assert_int_equal(o.msi, 0xf0);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].code, PCI_DIAG_CAP_SHORT);
    bytes[0xf3] = 0x01; /* ... but not with masks */
    assert_int_equal(pci_caps_find(&reader, where, &list).msi, 0);
}

static void all_ones_in_the_chain(void **state)
{
    (void)state;
    bytes[0x34] = 0x40;
    cap(0x40, 0x01, 0x80);
    memset(bytes + 0x80, 0xff, 4);
    assert_int_equal(walk_length(false), 1);
    assert_int_equal(list.count, 1);
}

static void extended_chain_bounds(void **state)
{
    (void)state;
    ext(0x100, 0x000d, 1, 0x0fc);
    assert_int_equal(walk_length(true), 1);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].code, PCI_DIAG_EXT_CHAIN);
    setup(state);
    ext(0x100, 0x000d, 1, 0x100);
    assert_int_equal(walk_length(true), 1);
    assert_int_equal(list.count, 1);
    setup(state);
    ext(0x100, 0x000d, 1, 0xffc);
    ext(0xffc, 0x0010, 1, 0);
    assert_int_equal(walk_length(true), 2);
}

static void longest_chain_is_walked_whole(void **state)
{
    (void)state;
    for (unsigned at = 0x100; at < 0x1000; at += 4) {
        ext(at, 0x000b, 1, at + 4 < 0x1000 ? at + 4 : 0);
    }
    assert_int_equal(walk_length(true), (0x1000 - 0x100) / 4);
    assert_int_equal(list.count, 0);
}

static void short_image_reads_all_ones(void **state)
{
    (void)state;
    image.length = 64;
    bytes[0x34] = 0x40;
    assert_int_equal(walk_length(false), 0);
    assert_int_equal(pci_reader_u32(&reader, 0x40), UINT32_MAX);
    assert_int_equal(pci_reader_u32(&reader, 0x3c), 0);
    assert_int_equal(walk_length(true), 0);
}

static void live_reader_reads_the_function(void **state)
{
    (void)state;
    fake_pci_reset();
    struct fake_pci_function *f = fake_pci_add(sbdf_make(0, 0, 2, 0), 0x8086, 0x1234, 0x030000);
    uint16_t pm = fake_pci_add_pm(f, false);
    struct pci_reader live = pci_reader_live(&f->at);
    assert_int_equal(pci_reader_u16(&live, 0x02), 0x1234);
    assert_int_equal(pci_reader_u8(&live, 0x0b), 0x03);
    assert_int_equal(pci_caps_find(&live, f->at, &list).pm, pm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good_chains, setup),
        cmocka_unit_test_setup(no_capability_bit_no_chain, setup),
        cmocka_unit_test_setup(conventional_functions_have_no_extended_space, setup),
        cmocka_unit_test_setup(loop_ends, setup),
        cmocka_unit_test_setup(pointer_into_the_header_ends, setup),
        cmocka_unit_test_setup(reserved_pointer_bits_are_masked_and_told, setup),
        cmocka_unit_test_setup(capability_that_does_not_fit, setup),
        cmocka_unit_test_setup(all_ones_in_the_chain, setup),
        cmocka_unit_test_setup(extended_chain_bounds, setup),
        cmocka_unit_test_setup(longest_chain_is_walked_whole, setup),
        cmocka_unit_test_setup(short_image_reads_all_ones, setup),
        cmocka_unit_test_setup(live_reader_reads_the_function, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
