/* SPDX-License-Identifier: GPL-2.0-only
 * What is nobody's: the emulated host bridge takes no write, other functions and buses are not there, and the address
 * port keeps to its rules. */
#include "guest/memory.h"
#include "guest/platform.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "tests/guest/config/config.h"
#include "tests/guest/lib/report.h"

static void host_bridge(void)
{
    for (unsigned way = 0; way < CONFIG_WAYS; way++) {
        unsigned changed = 0, bytes = config_way_bytes(way);
        for (unsigned at = 0; at < bytes; at += 4) {
            uint32_t old = config_read(way, 0, at, 4);
            config_write(way, 0, at, 4, ~old);
            config_write(way, 0, at, 1, ~old);
            changed += config_read(way, 0, at, 4) != old;
        }
        expect(changed, 0, "host bridge by %s: no register takes a write", config_way_name(way));
    }
}

static bool is_ours(const struct config_guest *guest, unsigned devfn)
{
    for (unsigned i = 0; i < guest->count; i++) {
        if (guest->functions[i].devfn == devfn) {
            return true;
        }
    }
    return devfn == 0;
}

static void other_functions(const struct config_guest *guest)
{
    for (unsigned way = 0; way < CONFIG_WAYS; way++) {
        unsigned there = 0;
        for (unsigned devfn = 0; devfn < 256; devfn++) {
            if (is_ours(guest, devfn)) {
                continue;
            }
            config_write(way, devfn, 0x04, 4, 0xffffffff);
            config_write(way, devfn, 0x18, 4, 0x00ff0100); /* a bridge's bus numbers */
            config_write(way, devfn, 0x20, 4, 0x0000fff0); /* its window */
            there += config_read(way, devfn, 0, 4) != CONFIG_ONES || config_read(way, devfn, 0x18, 4) != CONFIG_ONES;
        }
        expect(there, 0, "functions of others by %s: none answers, writes vanish", config_way_name(way));
    }
}

/* What is behind the machine's bridges. */
static void other_buses(void)
{
    unsigned there = 0;
    for (unsigned bus = 1; bus < 256; bus++) {
        for (unsigned devfn = 0; devfn < 256; devfn += 0x7c) {
            config_write_bus(bus, devfn, 0x04, 0xffffffff);
            there += config_read_bus(bus, devfn, 0) != CONFIG_ONES;
        }
    }
    expect(there, 0, "other buses by ports: nobody answers");
    there = 0;
    for (unsigned bus = 1; bus < 256; bus++) {
        struct hpa at = hpa(GUEST_ECAM_START + (uint64_t)bus * MIB);
        mmio_write32(hpa(at.v + 4), 0xffffffff);
        there += mmio_read32(at) != CONFIG_ONES;
    }
    expect(there, 0, "other buses behind the ECAM: nobody answers");
}

/* Only a dword write to 0xCF8 is the address; without bit 31 nothing is a configuration access. */
static void address_port(const struct config_guest *guest)
{
    unsigned devfn = guest->functions[0].devfn;
    uint32_t id = config_read(CONFIG_PORTS, devfn, 0, 4);
    uint32_t kept = port_read32(PLATFORM_PCI_ADDRESS_PORT);
    port_write8(PLATFORM_PCI_ADDRESS_PORT, 0x04);
    port_write16(PLATFORM_PCI_ADDRESS_PORT + 2, 0x0000);
    expect(port_read32(PLATFORM_PCI_ADDRESS_PORT), kept, "bytes and words to 0xCF8 are no address");
    expect(port_read32(PLATFORM_PCI_DATA_PORT), id, "so the function is still chosen");
    port_write32(PLATFORM_PCI_ADDRESS_PORT, UINT32_MAX);
    expect(port_read32(PLATFORM_PCI_ADDRESS_PORT) & 0x7f000003, 0, "reserved bits of 0xCF8 stay 0");
    port_write32(PLATFORM_PCI_ADDRESS_PORT, kept & ~UINT32_C(0x80000000));
    port_write32(PLATFORM_PCI_DATA_PORT, 0xffffffff);
    expect(port_read32(PLATFORM_PCI_DATA_PORT), CONFIG_ONES, "0xCFC without the enable bit is nobody's");
}

void config_absent(const struct config_guest *guest)
{
    host_bridge();
    other_functions(guest);
    other_buses();
    address_port(guest);
}
