/* SPDX-License-Identifier: GPL-2.0-only
 * Windows of bridges behind VMD endpoints (PCI-to-PCI Bridge 1.2 3.2.5.8 to 3.2.5.10). */
#include "drivers/vmd_bridge.h"

#include "kernel/hw/pci_config.h"
#include "kernel/lib/bits.h"

#define WINDOW_GRAIN_BITS 20u
#define IO_CLOSED 0x00f0u
#define IO_UPPER_CLOSED UINT32_C(0x0000ffff)

const struct vmd_bridge_windows vmd_bridge_nothing = {VMD_BRIDGE_CLOSED, VMD_BRIDGE_CLOSED, UINT32_MAX, 0};

static struct vmd_bridge_span span(uint64_t first, uint64_t last)
{
    /* Limits are of whole MiB: last is that of the lowest byte of the last one. */
    if (first > last) {
        return (struct vmd_bridge_span){0};
    }
    uint64_t size = last - first + BIT64(WINDOW_GRAIN_BITS);
    return (struct vmd_bridge_span){first, size != 0 ? size : UINT64_MAX};
}

static uint64_t base_of(uint32_t window)
{
    return bits_get(window, 15, 4) << WINDOW_GRAIN_BITS;
}

static uint64_t limit_of(uint32_t window)
{
    return bits_get(window, 31, 20) << WINDOW_GRAIN_BITS;
}

struct vmd_bridge_span vmd_bridge_memory(const struct vmd_bridge_windows *w)
{
    return span(base_of(w->memory), limit_of(w->memory));
}

struct vmd_bridge_span vmd_bridge_prefetch(const struct vmd_bridge_windows *w)
{
    return span((uint64_t)w->prefetch_base << 32 | base_of(w->prefetch),
                (uint64_t)w->prefetch_limit << 32 | limit_of(w->prefetch));
}

struct vmd_bridge_windows vmd_bridge_read(struct sbdf at)
{
    return (struct vmd_bridge_windows){
        .memory = pci_config_read32(at, VMD_BRIDGE_MEMORY),
        .prefetch = pci_config_read32(at, VMD_BRIDGE_PREFETCH),
        .prefetch_base = pci_config_read32(at, VMD_BRIDGE_PREFETCH_BASE),
        .prefetch_limit = pci_config_read32(at, VMD_BRIDGE_PREFETCH_LIMIT),
    };
}

/* A limit of 0 first: the window ends below 4 GiB then, and is closed if it began above. The low halves next: now it
 * is closed wherever it began. Last the base, so that limits may change later. */
void vmd_bridge_close_prefetch(struct sbdf at)
{
    pci_config_write32(at, VMD_BRIDGE_PREFETCH_LIMIT, vmd_bridge_nothing.prefetch_limit);
    pci_config_write32(at, VMD_BRIDGE_PREFETCH, vmd_bridge_nothing.prefetch);
    pci_config_write32(at, VMD_BRIDGE_PREFETCH_BASE, vmd_bridge_nothing.prefetch_base);
}

void vmd_bridge_close(struct sbdf at)
{
    pci_config_write32(at, VMD_BRIDGE_IO_UPPER, IO_UPPER_CLOSED);
    pci_config_write16(at, VMD_BRIDGE_IO, IO_CLOSED);
    pci_config_write32(at, VMD_BRIDGE_IO_UPPER, 0);
    pci_config_write32(at, VMD_BRIDGE_MEMORY, vmd_bridge_nothing.memory);
    vmd_bridge_close_prefetch(at);
}

/* A bridge without upper halves is closed by its low half alone, and opened by it: then that write is the last that
 * does anything. With them the base is 0xffffffff while the low halves change. */
void vmd_bridge_set(struct sbdf at, const struct vmd_bridge_windows *w)
{
    vmd_bridge_close(at);
    pci_config_write32(at, VMD_BRIDGE_MEMORY, w->memory);
    pci_config_write32(at, VMD_BRIDGE_PREFETCH, w->prefetch);
    pci_config_write32(at, VMD_BRIDGE_PREFETCH_LIMIT, w->prefetch_limit);
    pci_config_write32(at, VMD_BRIDGE_PREFETCH_BASE, w->prefetch_base);
}

bool vmd_bridge_is_closed(struct sbdf at)
{
    struct vmd_bridge_windows w = vmd_bridge_read(at);
    return vmd_bridge_memory(&w).size == 0 && (w.prefetch == 0 || vmd_bridge_prefetch(&w).size == 0);
}
