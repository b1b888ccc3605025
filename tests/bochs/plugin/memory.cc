/* SPDX-License-Identifier: GPL-2.0-only
 * Memory accesses that are split where Bochs wants them split. */
#include "tests/bochs/plugin/memory.hh"

#include "tests/bochs/plugin/bochs_api.hh"

#define PAGE UINT64_C(4096)
#define ADDRESSES (UINT64_C(1) << 40) /* Bochs crashes beyond */
/* I/O APICs, timers, remapping units, local APICs, the firmware: no device's writes are routed there. */
#define CHIPSET_FIRST UINT64_C(0xfec00000)
#define CHIPSET_LAST UINT64_C(0xffffffff)

static size_t in_page(uint64_t address, size_t bytes)
{
    size_t left = static_cast<size_t>(PAGE - address % PAGE);
    return bytes < left ? bytes : left;
}

static bool is_chipset(uint64_t address)
{
    return address >= CHIPSET_FIRST && address <= CHIPSET_LAST;
}

static uint8_t *host_of(uint64_t page)
{
    return BX_MEM_C::getHostMemAddr(NULL, page, BX_READ);
}

/* Where nothing is, Bochs has one page that stands for all. (Asked for writing it refuses pages under MONITOR, too.) */
static bool is_ram(uint64_t address, size_t bytes)
{
    uint64_t end = address + bytes;
    if (bytes == 0 || end < address || end > ADDRESSES) {
        return false;
    }
    const uint8_t *nothing = host_of(ADDRESSES - PAGE);
    for (uint64_t page = address & ~(PAGE - 1); page < end; page += PAGE) {
        const uint8_t *at = host_of(page);
        if (at == NULL || at == nothing || is_chipset(page)) {
            return false;
        }
    }
    return true;
}

bool memory_read(uint64_t address, void *data, size_t bytes)
{
    if (!is_ram(address, bytes)) {
        return false;
    }
    uint8_t *to = static_cast<uint8_t *>(data);
    for (size_t part = 0; bytes > 0; address += part, to += part, bytes -= part) {
        part = in_page(address, bytes);
        BX_MEM_C::dmaReadPhysicalPage(address, static_cast<unsigned>(part), to);
    }
    return true;
}

bool memory_write(uint64_t address, const void *data, size_t bytes)
{
    if (!is_ram(address, bytes)) {
        return false;
    }
    uint8_t *from = static_cast<uint8_t *>(const_cast<void *>(data));
    for (size_t part = 0; bytes > 0; address += part, from += part, bytes -= part) {
        part = in_page(address, bytes);
        BX_MEM_C::dmaWritePhysicalPage(address, static_cast<unsigned>(part), from);
    }
    return true;
}

bool memory_device_read(uint64_t address, void *data, size_t bytes)
{
    if (is_chipset(address) || address >= ADDRESSES) {
        return false;
    }
    BX_MEM_C::dmaReadPhysicalPage(address, static_cast<unsigned>(bytes), static_cast<uint8_t *>(data));
    return true;
}

bool memory_device_write(uint64_t address, const void *data, size_t bytes)
{
    if (is_chipset(address) || address >= ADDRESSES) {
        return false;
    }
    BX_MEM_C::dmaWritePhysicalPage(address, static_cast<unsigned>(bytes),
                                   static_cast<uint8_t *>(const_cast<void *>(data)));
    return true;
}
