/* SPDX-License-Identifier: GPL-2.0-only
 * Driving edu by its registers: 0x24 what is raised, 0x60 raise, 0x64 acknowledge, 0x80 source, 0x88 destination,
 * 0x90 count, 0x98 command. */
#include "tests/guest/lib/edu.h"

#include "guest/platform.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "tests/guest/lib/machine.h"

#define EDU_ID 0x11e81234
#define BUFFER 0x40000
#define COMMAND_START 1
#define COMMAND_FROM_DEVICE 2
#define MEMORY_AND_MASTER 6
#define CAPABILITY_MSI 5
#define MSI_ENABLE (UINT32_C(1) << 16) /* in the capability's first word */
#define MSI_WIDE (UINT32_C(1) << 23)   /* addresses of 64 bits */

static uint32_t config_read(unsigned device, unsigned offset)
{
    port_write32(PLATFORM_PCI_ADDRESS_PORT, 0x80000000 | device << 11 | offset);
    return port_read32(PLATFORM_PCI_DATA_PORT);
}

static void config_write(unsigned device, unsigned offset, uint32_t value)
{
    port_write32(PLATFORM_PCI_ADDRESS_PORT, 0x80000000 | device << 11 | offset);
    port_write32(PLATFORM_PCI_DATA_PORT, value);
}

bool edu_find(struct edu *edu)
{
    return edu_find_from(edu, 0);
}

bool edu_find_from(struct edu *edu, unsigned first)
{
    for (unsigned device = first; device < 32; device++) {
        if (config_read(device, 0) == EDU_ID) {
            edu->device = device;
            edu->base = config_read(device, 0x10) & 0xfffffff0;
            config_write(device, 4, (config_read(device, 4) & 0xffff) | MEMORY_AND_MASTER);
            return edu->base != 0;
        }
    }
    return false;
}

static void start(const struct edu *edu, uint64_t from, uint64_t to, uint32_t bytes, uint32_t command)
{
    mmio_write64(hpa(edu->base + 0x80), from);
    mmio_write64(hpa(edu->base + 0x88), to);
    mmio_write64(hpa(edu->base + 0x90), bytes);
    mmio_write64(hpa(edu->base + 0x98), command | COMMAND_START);
}

void edu_start(const struct edu *edu, uint64_t at, uint32_t bytes)
{
    start(edu, BUFFER, at, bytes, COMMAND_FROM_DEVICE);
}

bool edu_is_busy(const struct edu *edu)
{
    return (mmio_read64(hpa(edu->base + 0x98)) & COMMAND_START) != 0;
}

static bool run(const struct edu *edu, uint64_t from, uint64_t to, uint32_t bytes, uint32_t command)
{
    start(edu, from, to, bytes, command);
    for (unsigned i = 0; i < 7; i++) {
        machine_wait_us(150000);
        if (!edu_is_busy(edu)) {
            return true;
        }
    }
    return false;
}

bool edu_to_device(const struct edu *edu, uint64_t at, uint32_t bytes)
{
    return run(edu, at, BUFFER, bytes, 0);
}

bool edu_from_device(const struct edu *edu, uint64_t at, uint32_t bytes)
{
    return run(edu, BUFFER, at, bytes, COMMAND_FROM_DEVICE);
}

/* Offset of the MSI capability, 0 for none. */
static unsigned find_msi(const struct edu *edu)
{
    unsigned at = config_read(edu->device, 0x34) & 0xfc;
    for (unsigned i = 0; i < 48 && at != 0; i++) {
        uint32_t header = config_read(edu->device, at);
        if ((header & 0xff) == CAPABILITY_MSI) {
            return at;
        }
        at = header >> 8 & 0xfc;
    }
    return 0;
}

void edu_msi_change(const struct edu *edu, uint32_t address, uint16_t data)
{
    unsigned at = find_msi(edu);
    bool wide = (config_read(edu->device, at) & MSI_WIDE) != 0;
    config_write(edu->device, at + 4, address);
    if (wide) {
        config_write(edu->device, at + 8, 0);
    }
    config_write(edu->device, at + (wide ? 12 : 8), data);
}

bool edu_msi(const struct edu *edu, bool on, uint32_t address, uint16_t data)
{
    unsigned at = find_msi(edu);
    if (at == 0) {
        return false;
    }
    uint32_t header = config_read(edu->device, at) & ~MSI_ENABLE;
    config_write(edu->device, at, header);
    edu_msi_change(edu, address, data);
    config_write(edu->device, at, on ? header | MSI_ENABLE : header);
    return true;
}

void edu_raise(const struct edu *edu)
{
    mmio_write32(hpa(edu->base + 0x60), 1);
}

void edu_acknowledge(const struct edu *edu)
{
    mmio_write32(hpa(edu->base + 0x64), mmio_read32(hpa(edu->base + 0x24)));
}
