/* SPDX-License-Identifier: GPL-2.0-only
 * drivers/pci_acs.c and drivers/pci_acs_chipset.c: what is written, what reads back, and which ports are special. */
#include "drivers/pci_acs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_diag.h"
#include "drivers/pci_regs.h"
#include "tests/fake/mmio.h"
#include "tests/fake/pci.h"

#define RCBA 0xfed1c000u
#define UPDCR 0x1014
#define BSPR 0x1104
#define MPC 0xd8
#define ALL 0x7f

static struct diag items[16];
static struct diag_list diags;
static uint8_t memory[64 * KIB];
static struct pci_facts facts;
static const struct pci_ecam window = {{0xe0000000}, 0, 0, 255};
static uint32_t updcr, bspr;
static bool updcr_stuck;

static int setup(void **state)
{
    (void)state;
    fake_pci_reset();
    fake_mmio_reset();
    diags = diag_list_make(items, ARRAY_LENGTH(items));
    updcr = 0x3f;
    bspr = 0;
    updcr_stuck = false;
    return 0;
}

static void enumerate(void)
{
    struct arena arena = arena_make(memory, sizeof(memory));
    pci_config_use_ecam(&window, 1);
    assert_int_equal(pci_enumerate(&window, 1, &arena, &facts, &diags), STATUS_OK);
}

static bool said(enum pci_diag_code code)
{
    for (size_t i = 0; i < diags.count; i++) {
        if (diags.items[i].code == code) {
            return true;
        }
    }
    return false;
}

/* 0000:00:1c.0 of that id and Express type, all of its control writable; returns the ACS capability's offset. */
static struct fake_pci_function *function(uint16_t device, unsigned type)
{
    struct fake_pci_function *f = type == PCI_EXPRESS_ROOT_PORT ? fake_pci_add_bridge(sbdf_make(0, 0, 0x1c, 0), 1, 1)
                                                                : fake_pci_add(sbdf_make(0, 0, 0x1c, 0), 0, 0, 0x20000);
    fake_pci_set(f, PCI_VENDOR, 2, 0x8086);
    fake_pci_set(f, PCI_DEVICE, 2, device);
    fake_pci_add_express(f, type, false);
    return f;
}

static uint16_t with_acs(struct fake_pci_function *f, uint16_t cap, uint16_t control)
{
    uint16_t at = fake_pci_add_ext_cap(f, PCI_EXT_ACS, 12);
    fake_pci_set(f, at + PCI_ACS_CAP, 2, cap);
    fake_pci_set(f, at + PCI_ACS_CONTROL, 2, control);
    fake_pci_make_writable(f, at + PCI_ACS_CONTROL, 2, cap);
    return at;
}

static void wanted(void **state)
{
    (void)state;
    struct pci_function f = {.express = PCI_EXPRESS_ROOT_PORT, .acs_cap = ALL, .acs_control = 0};
    assert_int_equal(pci_acs_wanted(&f), 0x1f);
    f.acs_control = PCI_ACS_EGRESS_CONTROL | PCI_ACS_DIRECT_TRANSLATED | 0x80;
    assert_int_equal(pci_acs_wanted(&f), 0x9f);
    f.express = PCI_EXPRESS_ENDPOINT;
    assert_int_equal(pci_acs_wanted(&f), 0x9d);
    f.acs_cap = PCI_ACS_REQUEST_REDIRECT;
    f.acs_control = 0;
    assert_int_equal(pci_acs_wanted(&f), PCI_ACS_REQUEST_REDIRECT);
}

static void enables_and_reads_back(void **state)
{
    (void)state;
    struct fake_pci_function *f = function(0x1234, PCI_EXPRESS_ROOT_PORT);
    uint16_t at = with_acs(f, ALL, PCI_ACS_EGRESS_CONTROL);
    enumerate();
    assert_int_equal(pci_acs_enable(&facts, &diags), 1);
    assert_int_equal(fake_pci_get(f, at + PCI_ACS_CONTROL, 2), 0x1f);
    assert_int_equal(facts.functions[0].acs_control, 0x1f);
    assert_int_equal(diags.count, 0);
    fake_pci_forget_writes();
    assert_int_equal(pci_acs_enable(&facts, &diags), 1); /* nothing to do twice */
    size_t writes = 0;
    fake_pci_writes(&writes);
    assert_int_equal(writes, 0);
}

static void a_bit_that_does_not_stay(void **state)
{
    (void)state;
    struct fake_pci_function *f = function(0x1234, PCI_EXPRESS_ROOT_PORT);
    uint16_t at = with_acs(f, ALL, 0);
    f->writable[at + PCI_ACS_CONTROL] = ALL & ~PCI_ACS_REQUEST_REDIRECT;
    enumerate();
    assert_int_equal(pci_acs_enable(&facts, &diags), 1);
    assert_int_equal(facts.functions[0].acs_control, 0x1b);
    assert_true(said(PCI_DIAG_ACS));
    assert_int_equal(diags.items[0].severity, DIAG_WARNING);
}

static void dword_registers(void **state)
{
    (void)state;
    struct fake_pci_function *f = function(0xa110, PCI_EXPRESS_ROOT_PORT);
    uint16_t at = fake_pci_add_ext_cap(f, PCI_EXT_ACS, 12);
    fake_pci_set(f, at + PCI_ACS_CAP, 4, 0x0000000f | PCI_ACS_UPSTREAM_FORWARDING);
    fake_pci_set(f, at + PCI_ACS_CONTROL_DWORD, 4, 0xabcd0000 | PCI_ACS_SOURCE_VALIDATION);
    fake_pci_make_writable(f, at + PCI_ACS_CONTROL_DWORD, 4, 0xff);
    enumerate();
    assert_int_equal(facts.functions[0].acs_cap, 0x1f);
    assert_int_equal(facts.functions[0].acs_control, PCI_ACS_SOURCE_VALIDATION);
    assert_int_equal(pci_acs_enable(&facts, &diags), 1);
    assert_int_equal(fake_pci_get(f, at + PCI_ACS_CONTROL_DWORD, 4), 0xabcd001f);
    assert_int_equal(facts.functions[0].acs_control, 0x1f);
    assert_int_equal(diags.count, 0);
}

static uint64_t read_chipset(void *context, uint64_t offset, unsigned width)
{
    (void)context;
    assert_int_equal(width, 4);
    assert_true(offset == UPDCR || offset == BSPR);
    return offset == UPDCR ? updcr : bspr;
}

static void write_chipset(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context;
    assert_int_equal(width, 4);
    assert_int_equal(offset, UPDCR);
    updcr = updcr_stuck ? updcr : (uint32_t)value;
}

/* A root port of the 6 series, its chipset's registers at RCBA. */
static struct fake_pci_function *old_port(uint32_t rcba)
{
    struct fake_pci_function *f = function(0x1c10, PCI_EXPRESS_ROOT_PORT);
    fake_pci_make_writable(f, MPC, 4, UINT32_MAX);
    struct fake_pci_function *lpc = fake_pci_add(sbdf_make(0, 0, 0x1f, 0), 0x8086, 0x1c54, 0x60100);
    fake_pci_set(lpc, 0xf0, 4, rcba);
    fake_mmio_add(RCBA, 16 * KIB, read_chipset, write_chipset, NULL);
    enumerate();
    return f;
}

static void emulation(void **state)
{
    (void)state;
    struct fake_pci_function *f = old_port(RCBA | 1);
    fake_pci_set(f, MPC, 4, 0x80000003);
    updcr = 0xff;
    assert_int_equal(pci_acs_enable(&facts, &diags), 1);
    assert_true(facts.functions[0].acs_emulated);
    assert_int_equal(updcr, 0xc0);
    assert_int_equal(fake_pci_get(f, MPC, 4), 0x84000003);
    assert_int_equal(diags.count, 0);
}

static void straps_forbid_already(void **state)
{
    (void)state;
    old_port(RCBA | 1);
    bspr = 0x300;
    assert_int_equal(pci_acs_enable(&facts, &diags), 1);
    assert_int_equal(updcr, 0x3f);
}

static void emulation_refused(void **state)
{
    for (unsigned round = 0; round < 5; round++) {
        setup(state);
        struct fake_pci_function *f = old_port(round == 0 ? RCBA : round == 1 ? 1 : RCBA | 1);
        updcr_stuck = round == 2;
        bspr = round == 2 ? 0x100 : 0; /* one kind of request alone */
        if (round == 3) {
            f->writable[MPC + 3] = 0;
        }
        if (round == 4) {
            fake_pci_find(sbdf_make(0, 0, 0x1f, 0))->gone = true;
        }
        assert_int_equal(pci_acs_enable(&facts, &diags), 0);
        assert_false(facts.functions[0].acs_emulated);
        assert_true(said(PCI_DIAG_ACS_CHIPSET));
    }
}

static void which_ports(void **state)
{
    (void)state;
    static const struct {
        uint16_t device;
        bool emulates, dwords;
    } cases[] = {
        {0x3b41, false, false}, {0x3b42, true, false},  {0x3b51, true, false},  {0x3b52, false, false},
        {0x1d10, true, false},  {0x1d11, false, false}, {0x1d1e, true, false},  {0x1d1f, false, false},
        {0x8d1e, true, false},  {0x8d1f, false, false}, {0x9c1b, true, false},  {0x8c9f, false, false},
        {0xa110, false, true},  {0xa11f, false, true},  {0xa120, false, false}, {0xa16a, false, true},
        {0xa2ee, false, true},  {0x9d1b, false, true},  {0x9d1c, false, false}, {0xa33c, false, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct pci_function f = {.vendor = 0x8086, .device = cases[i].device, .express = PCI_EXPRESS_ROOT_PORT};
        assert_int_equal(pci_acs_can_emulate(&f), cases[i].emulates);
        assert_int_equal(pci_acs_has_dwords(&f), cases[i].dwords);
        f.express = PCI_EXPRESS_ENDPOINT;
        assert_false(pci_acs_can_emulate(&f) || pci_acs_has_dwords(&f));
        f.express = PCI_EXPRESS_ROOT_PORT;
        f.vendor = 0x1022;
        assert_false(pci_acs_can_emulate(&f) || pci_acs_has_dwords(&f));
    }
}

static void prediction(void **state)
{
    (void)state;
    struct pci_function three[] = {
        {.express = PCI_EXPRESS_ROOT_PORT, .cap.acs = 0x100, .acs_cap = 0x1f, .acs_control = 0x20},
        {.express = PCI_EXPRESS_ROOT_PORT, .vendor = 0x8086, .device = 0x1c10},
        {.express = PCI_EXPRESS_ROOT_PORT, .vendor = 0x8086, .device = 0x1234},
    };
    struct pci_facts saved = {.functions = three, .count = ARRAY_LENGTH(three)};
    pci_acs_predict(&saved);
    assert_int_equal(three[0].acs_control, 0x1f);
    assert_false(three[0].acs_emulated);
    assert_true(three[1].acs_emulated);
    assert_false(three[2].acs_emulated);
    assert_int_equal(three[2].acs_control, 0);
}

/* The last dword of a port with dword registers would lie beyond configuration space. */
static void at_the_very_end(void **state)
{
    (void)state;
    uint8_t bytes[4096] = {0};
    struct pci_image image = {bytes, sizeof(bytes)};
    struct pci_reader reader = pci_reader_image(&image);
    bytes[0xffc] = 0x1f;
    struct pci_function f = {.vendor = 0x8086, .device = 0xa110, .express = PCI_EXPRESS_ROOT_PORT, .cap.acs = 0xff8};
    pci_acs_read(&reader, &f);
    assert_int_equal(f.cap.acs, 0);
    f.cap.acs = 0xff4;
    pci_acs_read(&reader, &f);
    assert_int_equal(f.cap.acs, 0xff4);
    assert_int_equal(f.acs_control, 0x1f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(wanted, setup),
        cmocka_unit_test_setup(enables_and_reads_back, setup),
        cmocka_unit_test_setup(a_bit_that_does_not_stay, setup),
        cmocka_unit_test_setup(dword_registers, setup),
        cmocka_unit_test_setup(emulation, setup),
        cmocka_unit_test_setup(straps_forbid_already, setup),
        cmocka_unit_test_setup(emulation_refused, setup),
        cmocka_unit_test_setup(which_ports, setup),
        cmocka_unit_test_setup(prediction, setup),
        cmocka_unit_test_setup(at_the_very_end, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
