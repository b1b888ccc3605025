/* SPDX-License-Identifier: GPL-2.0-only
 * Physical PCI configuration space (PCI Firmware 3.3 4.1; PCI Local Bus 3.0 3.2.2.3.2). It is in this folder, not
 * beside its header, because it needs the lock. */
#include "kernel/hw/pci_config.h"

#include "kernel/core/lock.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/port.h"
#include "kernel/lib/bits.h"

enum {
    PORT_ADDRESS = 0xcf8,
    PORT_DATA = 0xcfc,
    LEGACY_BYTES = 256,
    ECAM_FUNCTION_BYTES = 4096,
};

static struct {
    struct lock lock;
    bool broken; /* by a panic: no longer taken */
    struct windows {
        const struct pci_ecam *items;
        size_t count;
    } firmware, vmd;
} pci;

static void use(struct windows *windows, const struct pci_ecam *items, size_t count)
{
    uint64_t flags = lock_take(&pci.lock);
    *windows = (struct windows){items, count};
    lock_release(&pci.lock, flags);
}

void pci_config_use_ecam(const struct pci_ecam *windows, size_t count)
{
    use(&pci.firmware, windows, count);
}

void pci_config_use_vmd(const struct pci_ecam *windows, size_t count)
{
    use(&pci.vmd, windows, count);
}

void pci_config_break_lock(void)
{
    pci.broken = true;
}

static uint64_t take(void)
{
    return pci.broken ? 0 : lock_take(&pci.lock);
}

static void release(uint64_t flags)
{
    if (!pci.broken) {
        lock_release(&pci.lock, flags);
    }
}

/* Where ECAM has the register; false when no window holds that bus. */
static bool find_ecam(struct sbdf at, uint16_t offset, struct hpa *out)
{
    const struct windows *windows = sbdf_is_vmd(at) ? &pci.vmd : &pci.firmware;
    for (size_t i = 0; i < windows->count; i++) {
        const struct pci_ecam *w = &windows->items[i];
        if (w->segment == sbdf_segment(at) && sbdf_bus(at) >= w->first_bus && sbdf_bus(at) <= w->last_bus) {
            *out = hpa_add(w->base, (uint64_t)sbdf_rid(at) * ECAM_FUNCTION_BYTES + offset);
            return true;
        }
    }
    return false;
}

static bool is_legacy(struct sbdf at, uint16_t offset)
{
    return sbdf_segment(at) == 0 && offset < LEGACY_BYTES;
}

static uint16_t select_legacy(struct sbdf at, uint16_t offset)
{
    port_write32(PORT_ADDRESS, BIT32(31) | (uint32_t)sbdf_rid(at) << 8 | (offset & 0xfcU));
    return (uint16_t)(PORT_DATA + (offset & 3));
}

static uint32_t read_port(uint16_t port, unsigned width)
{
    switch (width) {
    case 1:
        return port_read8(port);
    case 2:
        return port_read16(port);
    default:
        return port_read32(port);
    }
}

static uint32_t read_config(struct sbdf at, uint16_t offset, unsigned width)
{
    struct hpa address;
    uint32_t value = UINT32_MAX;
    if (offset >= ECAM_FUNCTION_BYTES || !is_aligned(offset, width)) {
        return value;
    }
    uint64_t flags = take();
    if (find_ecam(at, offset, &address)) {
        value = (uint32_t)mmio_read(address, width);
    } else if (is_legacy(at, offset)) {
        value = read_port(select_legacy(at, offset), width);
    }
    release(flags);
    return value;
}

static void write_port(uint16_t port, unsigned width, uint32_t value)
{
    switch (width) {
    case 1:
        port_write8(port, (uint8_t)value);
        break;
    case 2:
        port_write16(port, (uint16_t)value);
        break;
    default:
        port_write32(port, value);
        break;
    }
}

/* Where a posted write is read back: the register itself, or another function's vendor. */
struct back {
    struct sbdf at;
    uint16_t offset;
    unsigned width;
};

static void write_config(struct sbdf at, uint16_t offset, unsigned width, uint32_t value, struct back back)
{
    struct hpa address;
    if (offset >= ECAM_FUNCTION_BYTES || !is_aligned(offset, width)) {
        return;
    }
    uint64_t flags = take();
    if (find_ecam(at, offset, &address)) {
        mmio_write(address, width, value);
        if (sbdf_is_vmd(at) && find_ecam(back.at, back.offset, &address)) {
            (void)mmio_read(address, back.width);
        }
    } else if (is_legacy(at, offset)) {
        write_port(select_legacy(at, offset), width, value);
    }
    release(flags);
}

uint8_t pci_config_read8(struct sbdf at, uint16_t offset)
{
    return (uint8_t)read_config(at, offset, 1);
}

uint16_t pci_config_read16(struct sbdf at, uint16_t offset)
{
    return (uint16_t)read_config(at, offset, 2);
}

uint32_t pci_config_read32(struct sbdf at, uint16_t offset)
{
    return read_config(at, offset, 4);
}

void pci_config_write8(struct sbdf at, uint16_t offset, uint8_t value)
{
    write_config(at, offset, 1, value, (struct back){at, offset, 1});
}

void pci_config_write16(struct sbdf at, uint16_t offset, uint16_t value)
{
    write_config(at, offset, 2, value, (struct back){at, offset, 2});
}

void pci_config_write32(struct sbdf at, uint16_t offset, uint32_t value)
{
    write_config(at, offset, 4, value, (struct back){at, offset, 4});
}

void pci_config_write_reset(struct sbdf at, uint16_t offset, unsigned width, uint32_t value, struct sbdf other)
{
    write_config(at, offset, width, value, (struct back){other, 0, 4});
}
