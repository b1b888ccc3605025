/* SPDX-License-Identifier: GPL-2.0-only
 * Every I/O port: reading is harmless, what is not there reads ones, writes that would hurt a real machine vanish. */
#include "kernel/hw/port.h"

#include "guest/platform.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"

struct range {
    uint16_t first, last;
};

/* Where the guest's machine has something, or may have (PM1 and PM timer, PCI configuration, COM1, PIC, PIT, RTC). */
static const struct range known[] = {{0x20, 0x21},   {0x40, 0x43},   {0x61, 0x61},   {0x70, 0x71},
                                     {0x92, 0x92},   {0xa0, 0xa1},   {0x3d4, 0x3d5}, {0x3f8, 0x3ff},
                                     {0x4d0, 0x4d1}, {0x600, 0x60f}, {0xcf8, 0xcff}};

static bool is_known(unsigned port)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        if (port >= known[i].first && port <= known[i].last) {
            return true;
        }
    }
    return false;
}

static void read_all(void)
{
    unsigned others = 0, first = 0;
    for (unsigned port = 0; port < 0x10000; port++) {
        uint8_t value = port_read8((uint16_t)port);
        if (!is_known(port) && value != 0xff) {
            first = others++ == 0 ? port : first;
        }
    }
    check(true, "every port can be read");
    if (on_bulkhead()) {
        check(others == 0, "ports without a device read ones (%u do not, first 0x%x)", others, first);
    } else {
        skip("ports without a device read ones", "no Bulkhead below");
    }
}

static void read_wide(void)
{
    static const uint16_t ports[] = {0xb2, 0x1000, 0x8900, 0xf4, 0x5658, 0xfffe, 0x501, 0x402};
    for (size_t i = 0; i < ARRAY_LENGTH(ports) && on_bulkhead(); i++) {
        expect(port_read16(ports[i]), 0xffff, "16 bits of port 0x%x read ones", ports[i]);
        if (ports[i] <= 0xfffc) {
            expect(port_read32(ports[i]), 0xffffffff, "32 bits of port 0x%x read ones", ports[i]);
        }
    }
}

/* SMI command, reset control without the reset bit, A20, debug and exit ports of emulators, DMA controller. */
static void write_dangerous(void)
{
    static const struct {
        uint16_t port;
        uint8_t value;
    } writes[] = {{0xb2, 0x00}, {0xb3, 0x55}, {0xcf9, 0x00}, {0x92, 0x02}, {0x80, 0x12},
                  {0xf4, 0x00}, {0x402, '.'}, {0x08, 0x04},  {0xd0, 0x04}};
    for (size_t i = 0; i < ARRAY_LENGTH(writes); i++) {
        port_write8(writes[i].port, writes[i].value);
        check(true, "OUT 0x%02x to port 0x%x: still here", writes[i].value, writes[i].port);
    }
    if (on_bulkhead()) {
        for (unsigned port = 0x1000; port < 0x10000; port += 0x11) {
            port_write8((uint16_t)port, 0x06);
        }
        port_write8(0x64, 0xd1); /* the keyboard controller, if there is one */
        port_write16(0x8900, 0x4142);
        port_write32(0xf4, 0);
        check(true, "OUT to unknown ports: still here");
    }
}

static void pci_configuration(void)
{
    port_write32(PLATFORM_PCI_ADDRESS_PORT, 0x80000000);
    expect(port_read32(PLATFORM_PCI_ADDRESS_PORT), 0x80000000, "the PCI address register keeps its value");
    check(port_read32(PLATFORM_PCI_DATA_PORT) != 0xffffffff, "function 00:00.0 answers");
    unsigned elsewhere = 0;
    for (unsigned bus = 1; bus < 256; bus++) {
        port_write32(PLATFORM_PCI_ADDRESS_PORT, 0x80000000 | bus << 16);
        elsewhere += port_read32(PLATFORM_PCI_DATA_PORT) != 0xffffffff;
    }
    expect(elsewhere, 0, "buses 1 to 255 are empty");
    port_write32(PLATFORM_PCI_ADDRESS_PORT, 0);
}

static void pm1(void)
{
    check((port_read16(PLATFORM_PM1_CONTROL_PORT) & 1) != 0 || !on_bulkhead(), "PM1 control shows ACPI mode");
    port_write16(PLATFORM_PM1_CONTROL_PORT, 0x1c01); /* a sleep type without SLP_EN does nothing */
    check(true, "a sleep type without SLP_EN: still here");
}

void guest_main(void)
{
    read_all();
    read_wide();
    write_dangerous();
    pci_configuration();
    pm1();
}
