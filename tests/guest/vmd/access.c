/* SPDX-License-Identifier: GPL-2.0-only
 * Reaching the endpoint and its children, as Linux' driver does. */
#include "guest/platform.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "tests/guest/vmd/vmd.h"

#define ENABLE UINT32_C(0x80000000)
#define SHADOW_LOCK 0x70u
#define SHADOW_AT 0x2000u
#define CONFIG_REGISTER 0x44u
#define CAPABILITIES 0x34u
#define VENDOR_SPECIFIC 0x09u
#define SIGNATURE UINT32_C(0x53484457) /* "SHDW" */
#define MIB_BYTES 0x100000u

uint32_t endpoint_read(const struct vmd *v, unsigned offset)
{
    port_write32(PLATFORM_PCI_ADDRESS_PORT, ENABLE | v->device << 11 | (offset & 0xfc));
    return port_read32(PLATFORM_PCI_DATA_PORT);
}

void endpoint_write(const struct vmd *v, unsigned offset, uint32_t value)
{
    port_write32(PLATFORM_PCI_ADDRESS_PORT, ENABLE | v->device << 11 | (offset & 0xfc));
    port_write32(PLATFORM_PCI_DATA_PORT, value);
}

static uint64_t bar(const struct vmd *v, unsigned index)
{
    uint32_t low = endpoint_read(v, CHILD_BAR + 4 * index);
    uint64_t high = (low & 4) != 0 ? endpoint_read(v, CHILD_BAR + 4 * index + 4) : 0;
    return high << 32 | (low & ~0xfu);
}

/* Linux looks at the first vendor-specific capability alone. */
static uint64_t host_by_capability(const struct vmd *v)
{
    unsigned at = endpoint_read(v, CAPABILITIES) & 0xfc;
    while (at != 0 && (endpoint_read(v, at) & 0xff) != VENDOR_SPECIFIC) {
        at = endpoint_read(v, at) >> 8 & 0xfc;
    }
    bool there = at != 0 && endpoint_read(v, at + 4) == SIGNATURE;
    return there ? (endpoint_read(v, at + 8) & ~0xfu) | (uint64_t)endpoint_read(v, at + 12) << 32 : 0;
}

bool vmd_find(struct vmd *v)
{
    for (v->device = 1; v->device < 32; v->device++) {
        uint32_t id = endpoint_read(v, 0);
        if (id == 0x28c08086 || id == 0x201d8086) {
            static const uint8_t first[] = {0, 128, 224, 0};
            endpoint_write(v, CHILD_COMMAND, ACTIVE);
            v->native = id == 0x28c08086;
            v->first = v->native ? first[endpoint_read(v, CONFIG_REGISTER) >> 8 & 3] : 0;
            v->config = bar(v, 0);
            v->memory = bar(v, 2);
            v->messages = bar(v, 4);
            bool shadow = (endpoint_read(v, SHADOW_LOCK) & 2) != 0;
            v->host_memory = !v->native ? host_by_capability(v)
                             : shadow   ? mmio_read64(hpa(v->messages + SHADOW_AT))
                                        : 0;
            return true;
        }
    }
    return false;
}

uint64_t child_at(const struct vmd *v, unsigned bus, unsigned device, unsigned offset)
{
    return v->config + ((uint64_t)bus << 20 | (uint64_t)device << 15 | offset);
}

uint32_t child_read(const struct vmd *v, unsigned bus, unsigned device, unsigned offset, unsigned width)
{
    return (uint32_t)mmio_read(hpa(child_at(v, bus, device, offset)), width);
}

void child_write(const struct vmd *v, unsigned bus, unsigned device, unsigned offset, unsigned width, uint32_t value)
{
    mmio_write(hpa(child_at(v, bus, device, offset)), width, value);
}

void bring_up(const struct vmd *v)
{
    for (unsigned i = 0; i < PORTS; i++) {
        uint32_t at = (uint32_t)v->host_memory + i * MIB_BYTES;
        uint32_t bus = v->first + 1 + i;
        child_write(v, 0, 1 + i, CHILD_CONTROL, 2, 0);
        child_write(v, 0, 1 + i, CHILD_BUSES, 4, bus << 16 | bus << 8 | v->first);
        child_write(v, 0, 1 + i, CHILD_MEMORY, 4, (at >> 16 & 0xfff0) | at);
        child_write(v, 0, 1 + i, CHILD_PREFETCH_BASE, 4, ONES);
        child_write(v, 0, 1 + i, CHILD_PREFETCH_LIMIT, 4, 0);
        child_write(v, 0, 1 + i, CHILD_COMMAND, 2, ACTIVE);
        child_write(v, 1 + i, 0, CHILD_BAR, 4, at);
        child_write(v, 1 + i, 0, CHILD_BAR + 4, 4, 0);
        child_write(v, 1 + i, 0, CHILD_COMMAND, 2, ACTIVE);
    }
}

uint32_t disk_version(const struct vmd *v, unsigned disk)
{
    return mmio_read32(hpa(v->memory + disk * MIB_BYTES + 8));
}
