/* SPDX-License-Identifier: GPL-2.0-only
 * The window: the first 256 bytes of a function by Bochs' own ports, the rest from the device. */
#include "tests/bochs/plugin/ecam.hh"

#include <string.h>

#include "tests/bochs/plugin/bochs_api.hh"
#include "tests/bochs/plugin/edu.hh"
#include "tests/bochs/plugin/ending.hh"
#include "tests/bochs/plugin/options.hh"

#define BASE UINT64_C(0xb0000000) /* tools/bochs.py: ECAM_BASE */
#define BYTES UINT64_C(0x100000)
#define PORT_ADDRESS 0xcf8
#define PORT_DATA 0xcfc
#define FIRST_EXTENDED 0x100

static uint32_t port_address(uint8_t devfunc, unsigned offset)
{
    return UINT32_C(0x80000000) | static_cast<uint32_t>(devfunc) << 8 | (offset & 0xfc);
}

/* What the ports last selected stays selected. */
static uint32_t port_read(uint8_t devfunc, unsigned offset, unsigned bytes)
{
    uint32_t before = bx_devices.inp(PORT_ADDRESS, 4);
    bx_devices.outp(PORT_ADDRESS, port_address(devfunc, offset), 4);
    uint32_t value = bx_devices.inp(static_cast<uint16_t>(PORT_DATA + (offset & 3)), bytes);
    bx_devices.outp(PORT_ADDRESS, before, 4);
    return value;
}

static void port_write(uint8_t devfunc, unsigned offset, uint32_t value, unsigned bytes)
{
    uint32_t before = bx_devices.inp(PORT_ADDRESS, 4);
    bx_devices.outp(PORT_ADDRESS, port_address(devfunc, offset), 4);
    bx_devices.outp(static_cast<uint16_t>(PORT_DATA + (offset & 3)), value, bytes);
    bx_devices.outp(PORT_ADDRESS, before, 4);
}

/* A function that is there but has nothing there reads as 0, one that is not there as all ones. */
static uint32_t extended(uint8_t devfunc, unsigned offset)
{
    uint32_t value = 0;
    if (edu_extended_read(devfunc, offset, &value)) {
        return value;
    }
    return port_read(devfunc, 0, 4) == UINT32_MAX ? UINT32_MAX : 0;
}

static bool on_read(bx_phy_address address, unsigned bytes, void *data, void *)
{
    unsigned offset = static_cast<unsigned>(address - BASE) & 0xfff;
    uint8_t devfunc = static_cast<uint8_t>((address - BASE) >> 12);
    uint32_t value = UINT32_MAX;
    if (bytes <= 4 && offset < FIRST_EXTENDED) {
        value = port_read(devfunc, offset, bytes);
    } else if (bytes <= 4) {
        value = extended(devfunc, offset & ~3U) >> (8 * (offset & 3));
    }
    memset(data, 0xff, bytes);
    memcpy(data, &value, bytes < sizeof(value) ? bytes : sizeof(value));
    return true;
}

static bool on_write(bx_phy_address address, unsigned bytes, void *data, void *)
{
    unsigned offset = static_cast<unsigned>(address - BASE) & 0xfff;
    uint8_t devfunc = static_cast<uint8_t>((address - BASE) >> 12);
    uint32_t value = 0;
    memcpy(&value, data, bytes < sizeof(value) ? bytes : sizeof(value));
    if (bytes <= 4 && offset < FIRST_EXTENDED) {
        port_write(devfunc, offset, value, bytes);
    } else if (bytes <= 4) {
        uint32_t whole = extended(devfunc, offset & ~3U);
        memcpy(reinterpret_cast<uint8_t *>(&whole) + (offset & 3), &value, bytes);
        edu_extended_write(devfunc, offset & ~3U, whole);
    }
    return true;
}

void ecam_init()
{
    static char us;
    if (options_get()->any_ats &&
        !BX_MEM_C::registerMemoryHandlers(&us, on_read, on_write, NULL, BASE, BASE + BYTES - 1)) {
        ending_refuse("the window for configuration space at 0x%llx is taken", static_cast<unsigned long long>(BASE));
    }
}
