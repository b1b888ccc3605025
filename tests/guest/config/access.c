/* SPDX-License-Identifier: GPL-2.0-only
 * Both ways to configuration space (PCI 3.0 3.2.2.3.2; PCIe 6.0 7.2.2), and devices' own registers. */
#include "guest/memory.h"
#include "guest/platform.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "tests/guest/config/config.h"

#define ENABLE UINT32_C(0x80000000)
#define BAR0 0x10u

const char *config_way_name(enum config_way way)
{
    return way == CONFIG_PORTS ? "ports" : "ECAM";
}

unsigned config_way_bytes(enum config_way way)
{
    return way == CONFIG_PORTS ? CONFIG_LEGACY : CONFIG_BYTES;
}

static struct hpa ecam(unsigned devfn, unsigned offset)
{
    return hpa(GUEST_ECAM_START + devfn * CONFIG_BYTES + offset);
}

static void choose(unsigned bus, unsigned devfn, unsigned offset)
{
    port_write32(PLATFORM_PCI_ADDRESS_PORT, ENABLE | bus << 16 | devfn << 8 | (offset & 0xfc));
}

static uint32_t port_read(unsigned devfn, unsigned offset, unsigned width)
{
    uint16_t port = (uint16_t)(PLATFORM_PCI_DATA_PORT + (offset & 3));
    choose(0, devfn, offset);
    return width == 4 ? port_read32(port) : width == 2 ? port_read16(port) : port_read8(port);
}

static void port_write(unsigned devfn, unsigned offset, unsigned width, uint32_t value)
{
    uint16_t port = (uint16_t)(PLATFORM_PCI_DATA_PORT + (offset & 3));
    choose(0, devfn, offset);
    if (width == 4) {
        port_write32(port, value);
    } else if (width == 2) {
        port_write16(port, (uint16_t)value);
    } else {
        port_write8(port, (uint8_t)value);
    }
}

uint32_t config_read(enum config_way way, unsigned devfn, unsigned offset, unsigned width)
{
    return way == CONFIG_PORTS ? port_read(devfn, offset, width) : (uint32_t)mmio_read(ecam(devfn, offset), width);
}

void config_write(enum config_way way, unsigned devfn, unsigned offset, unsigned width, uint32_t value)
{
    if (way == CONFIG_PORTS) {
        port_write(devfn, offset, width, value);
    } else {
        mmio_write(ecam(devfn, offset), width, value);
    }
}

uint32_t config_read_bus(unsigned bus, unsigned devfn, unsigned offset)
{
    choose(bus, devfn, offset);
    return port_read32(PLATFORM_PCI_DATA_PORT);
}

void config_write_bus(unsigned bus, unsigned devfn, unsigned offset, uint32_t value)
{
    choose(bus, devfn, offset);
    port_write32(PLATFORM_PCI_DATA_PORT, value);
}

uint64_t config_bar(const struct config_function *f, unsigned bar)
{
    uint64_t low = port_read(f->devfn, BAR0 + 4 * bar, 4) & 0xfffffff0;
    return f->wide[bar] ? low | (uint64_t)port_read(f->devfn, BAR0 + 4 * bar + 4, 4) << 32 : low;
}

void config_bar_move(const struct config_function *f, unsigned bar, uint64_t to)
{
    port_write(f->devfn, BAR0 + 4 * bar, 4, (uint32_t)to);
    if (f->wide[bar]) {
        port_write(f->devfn, BAR0 + 4 * bar + 4, 4, (uint32_t)(to >> 32));
    }
}

void config_mark(const struct config_function *f, uint64_t base, uint32_t value)
{
    mmio_write32(hpa(base + f->probe->offset), value);
}

bool config_has_mark(const struct config_function *f, uint64_t base, uint32_t value)
{
    return mmio_read32(hpa(base + f->probe->offset)) == (value ^ f->probe->flip);
}
