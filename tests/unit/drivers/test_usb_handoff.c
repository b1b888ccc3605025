/* SPDX-License-Identifier: GPL-2.0-only
 * Hand-off of USB controllers: firmware that answers, that never does, and registers that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci_diag.h"
#include "drivers/usb_handoff.h"
#include "tests/fake/mmio.h"
#include "tests/fake/pci.h"
#include "tests/fake/time.h"

#define BASE UINT64_C(0xfe000000)
#define BYTES 0x1000
#define XHCI_LEGACY 0x800
#define OPERATIONAL 0x20

static uint32_t registers[BYTES / 4];
static bool firmware_answers, halts;
static unsigned looks; /* at the legacy register since the request */
static uint32_t halted_bit;
static struct pci_function function;
static struct fake_pci_function *fake;
static struct diag diags[4];
static struct diag_list list;

static uint64_t read_register(void *context, uint64_t offset, unsigned width)
{
    (void)context;
    if (offset == XHCI_LEGACY && (registers[offset / 4] & 1u << 24) != 0 && firmware_answers && ++looks > 5) {
        registers[offset / 4] &= ~(1u << 16);
    }
    uint64_t value = registers[offset / 4] >> (8 * (offset & 3));
    return width == 1 ? value & 0xff : value;
}

static void write_register(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context;
    assert_int_equal(width, 4);
    registers[offset / 4] = (uint32_t)value;
    if (offset == OPERATIONAL && (value & 1) == 0 && halts) {
        registers[(OPERATIONAL + 4) / 4] |= halted_bit;
    }
}

static int setup(void **state)
{
    (void)state;
    fake_pci_reset();
    fake_mmio_reset();
    fake_time_reset();
    memset(registers, 0, sizeof(registers));
    firmware_answers = halts = true;
    looks = 0;
    list = diag_list_make(diags, 4);
    fake_mmio_add(BASE, BYTES, read_register, write_register, NULL);
    fake = fake_pci_add(sbdf_make(0, 0, 0x14, 0), 0x8086, 0xa12f, 0x0c0330);
    fake_pci_set(fake, 0x04, 2, 6);
    function = (struct pci_function){.at = fake->at, .class_code = 0x0c0330};
    function.bars[0] = (struct pci_bar){.kind = PCI_BAR_MEM64, .assigned = true, .address = BASE, .size = BYTES};
    registers[0] = OPERATIONAL;
    registers[OPERATIONAL / 4] = 1;
    registers[0x10 / 4] = (XHCI_LEGACY / 4 - 8) << 16; /* a protocol capability first */
    registers[(XHCI_LEGACY - 32) / 4] = 8 << 8 | 2;
    registers[XHCI_LEGACY / 4] = 1 | 1 << 16;
    registers[XHCI_LEGACY / 4 + 1] = 0xe011;
    halted_bit = 1;
    return 0;
}

static void become_ehci(void)
{
    function.class_code = 0x0c0320;
    registers[0x08 / 4] = 0x68 << 8;
    fake_pci_set(fake, 0x68, 4, 0x00010001);
    fake_pci_make_writable(fake, 0x68, 4, 0x01010000);
    fake_pci_set(fake, 0x6c, 4, 0x0000e001);
    fake_pci_make_writable(fake, 0x6c, 4, 0x0000e03f);
    halted_bit = 1 << 12;
}

static void xhci_is_taken(void **state)
{
    (void)state;
    assert_int_equal(usb_handoff(&function, &list), STATUS_OK);
    assert_int_equal(registers[XHCI_LEGACY / 4] & (1 << 16), 0);
    assert_int_equal(registers[XHCI_LEGACY / 4] & (1 << 24), 1 << 24);
    assert_int_equal(registers[XHCI_LEGACY / 4 + 1] & 0xe011, 0);
    assert_int_equal(registers[OPERATIONAL / 4] & 1, 0);
    assert_int_equal(list.count, 0);
}

static void silent_firmware_is_overruled(void **state)
{
    (void)state;
    firmware_answers = false;
    fake_time_step_ns(1000000);
    assert_int_equal(usb_handoff(&function, &list), STATUS_TIMEOUT);
    assert_int_equal(registers[XHCI_LEGACY / 4] & (1 << 16), 0);
    assert_int_equal(registers[XHCI_LEGACY / 4 + 1] & 0xe011, 0);
    assert_int_equal(registers[OPERATIONAL / 4] & 1, 0);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].code, PCI_DIAG_USB_HANDOFF);
}

static void controller_that_never_halts(void **state)
{
    (void)state;
    halts = false;
    fake_time_step_ns(100000);
    assert_int_equal(usb_handoff(&function, &list), STATUS_TIMEOUT);
}

static void lying_registers(void **state)
{
    (void)state;
    registers[0x10 / 4] = 0xffffu << 16; /* leaves the BAR */
    assert_int_equal(usb_handoff(&function, &list), STATUS_BAD_FORMAT);
    setup(state);
    registers[0x10 / 4] = (BYTES - 4) / 4 << 16; /* its second register would lie outside */
    assert_int_equal(usb_handoff(&function, &list), STATUS_BAD_FORMAT);
    setup(state);
    registers[0] = 0xfc;
    function.bars[0].size = 0x100;
    registers[0x10 / 4] = 0;
    assert_int_equal(usb_handoff(&function, &list), STATUS_BAD_FORMAT);
    setup(state);
    become_ehci();
    registers[0x08 / 4] = 0x20 << 8; /* into the header */
    assert_int_equal(usb_handoff(&function, &list), STATUS_BAD_FORMAT);
}

static void controller_without_registers(void **state)
{
    (void)state;
    fake_pci_set(fake, 0x04, 2, 4);
    assert_int_equal(usb_handoff(&function, &list), STATUS_NOT_FOUND);
    fake_pci_set(fake, 0x04, 2, 6);
    function.bars[0].assigned = false;
    assert_int_equal(usb_handoff(&function, &list), STATUS_NOT_FOUND);
}

static void smm(struct fake_pci_function *f, uint16_t offset, unsigned width)
{
    (void)width;
    if (offset == 0x68 && firmware_answers) {
        f->bytes[0x6a] = 0;
    }
}

static void ehci_is_taken(void **state)
{
    (void)state;
    become_ehci();
    fake->hook = smm;
    assert_int_equal(usb_handoff(&function, &list), STATUS_OK);
    assert_int_equal(fake_pci_get(fake, 0x68, 4), 0x01000001);
    assert_int_equal(fake_pci_get(fake, 0x6c, 4), 0);
    firmware_answers = false;
    fake_pci_set(fake, 0x68, 4, 0x00010001);
    fake_time_step_ns(1000000);
    assert_int_equal(usb_handoff(&function, &list), STATUS_TIMEOUT);
    assert_int_equal(fake_pci_get(fake, 0x68, 4), 0x01000001);
}

static void which_controllers(void **state)
{
    (void)state;
    static const uint32_t classes[] = {0x0c0300, 0x0c0320, 0x0c0330, 0x0c0310, 0x0c03fe, 0x020000};
    for (unsigned i = 0; i < 6; i++) {
        struct pci_function f = {.class_code = classes[i]};
        assert_int_equal(usb_handoff_applies(&f), i < 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(xhci_is_taken, setup),
        cmocka_unit_test_setup(silent_firmware_is_overruled, setup),
        cmocka_unit_test_setup(controller_that_never_halts, setup),
        cmocka_unit_test_setup(lying_registers, setup),
        cmocka_unit_test_setup(controller_without_registers, setup),
        cmocka_unit_test_setup(ehci_is_taken, setup),
        cmocka_unit_test_setup(which_controllers, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
