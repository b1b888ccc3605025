/* SPDX-License-Identifier: GPL-2.0-only
 * Configuration mechanism 1, leaving the guest's address register as it was. */
#include "tests/bochs/plugin/pci_places.hh"

#include "tests/bochs/plugin/bochs_api.hh"

enum { PORT_ADDRESS = 0xcf8, PORT_DATA = 0xcfc, CONFIG_IDS = 0x00, CONFIG_COMMAND = 0x04, CONFIG_CLASS = 0x08 };
#define ENABLE UINT32_C(0x80000000)
#define COMMAND_MASTER 4
#define NOBODY UINT32_C(0xffffffff)

static uint32_t config_read(unsigned devfunc, unsigned offset)
{
    uint32_t before = bx_devices.inp(PORT_ADDRESS, 4);
    bx_devices.outp(PORT_ADDRESS, ENABLE | devfunc << 8 | offset, 4);
    uint32_t value = bx_devices.inp(PORT_DATA, 4);
    bx_devices.outp(PORT_ADDRESS, before, 4);
    return value;
}

static bool matches(const struct pci_places_kind *kind, unsigned devfunc)
{
    uint32_t ids = config_read(devfunc, CONFIG_IDS);
    if (ids == NOBODY || (kind->vendor != 0 && (ids & 0xffff) != kind->vendor)) {
        return false;
    }
    return ((config_read(devfunc, CONFIG_CLASS) >> 8) & kind->class_mask) == kind->class_code;
}

unsigned pci_places_find(const struct pci_places_kind *kind, uint8_t *devfunc)
{
    unsigned found = 0;
    for (unsigned i = 0; i < 0x100; i++) {
        if (matches(kind, i)) {
            *devfunc = found++ == 0 ? static_cast<uint8_t>(i) : *devfunc;
        }
    }
    return found;
}

bool pci_places_may_master(uint8_t devfunc)
{
    return (config_read(devfunc, CONFIG_COMMAND) & COMMAND_MASTER) != 0;
}
