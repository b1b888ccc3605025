/* SPDX-License-Identifier: GPL-2.0-only
 * Root ports of the VMD model (PCI-to-PCI Bridge 1.2 chapter 3): bus numbers, windows, secondary bus reset. */
#include "kernel/lib/bits.h"
#include "tests/model/vmd_model_internal.h"

#define CLASS_BRIDGE 0x060400
#define HEADER_BRIDGE 1
#define EXPRESS_ROOT_PORT 4
enum {
    COMMAND = 0x04,
    BUSES = 0x18,
    MEMORY_WINDOW = 0x20,
    PREFETCH_WINDOW = 0x24,
    PREFETCH_BASE_UPPER = 0x28,
    PREFETCH_LIMIT_UPPER = 0x2c,
    CONTROL = 0x3e,
};
#define CONTROL_RESET 0x40
#define CONTROL_WRITABLE 0x43
#define CLOSED UINT32_C(0x0000fff0)
#define WINDOW_WRITABLE UINT32_C(0xfff0fff0)
#define WINDOW_64 UINT32_C(0x00010001)
#define MIB_MASK UINT64_C(0xfffff)

struct window {
    uint64_t first, last; /* first > last: closed */
};

static void power_on(struct vmd_model_port *p)
{
    struct pci_model *s = &p->space;
    uint8_t first = vmd_model_first_bus(p->owner);
    pci_model_init(s, VMD_MODEL_VENDOR, VMD_MODEL_PORT_DEVICE, CLASS_BRIDGE, HEADER_BRIDGE);
    pci_model_allow(s, BUSES, 4, 0x00ffffff);
    pci_model_set(s, MEMORY_WINDOW, 4, CLOSED);
    pci_model_allow(s, MEMORY_WINDOW, 4, WINDOW_WRITABLE);
    pci_model_set(s, PREFETCH_WINDOW, 4, CLOSED | WINDOW_64);
    pci_model_allow(s, PREFETCH_WINDOW, 4, WINDOW_WRITABLE);
    pci_model_allow(s, PREFETCH_BASE_UPPER, 4, UINT32_MAX);
    pci_model_allow(s, PREFETCH_LIMIT_UPPER, 4, UINT32_MAX);
    pci_model_allow(s, CONTROL, 2, CONTROL_WRITABLE);
    pci_model_add_express(s, EXPRESS_ROOT_PORT, false);
    pci_model_add_power(s, true);
    if (p->owner->config.numbered) {
        uint32_t own = first + 1U + p->number;
        pci_model_set(s, BUSES, 4, own << 16 | own << 8 | first);
    }
}

void vmd_port_init(struct vmd_model *m, unsigned number)
{
    struct vmd_model_port *p = &m->port[number];
    const struct nvme_model_io io = {p, vmd_demux_dma, vmd_demux_disk};
    p->owner = m;
    p->number = number;
    p->present = m->config.disk_bytes[number] != 0;
    power_on(p);
    nvme_model_init(&p->nvme, number, m->config.disk_bytes[number], &io);
}

void vmd_port_reset(struct vmd_model_port *p)
{
    power_on(p);
    nvme_model_reset(&p->nvme);
    p->strays = false;
}

static bool held(const struct vmd_model_port *p)
{
    return (pci_model_read(&p->space, CONTROL, 2) & CONTROL_RESET) != 0;
}

/* Configuration requests reach the secondary bus: device 0 alone is there (PCIe: a link has one). */
static bool leads_to(const struct vmd_model_port *p, uint8_t bus, uint8_t devfn)
{
    uint32_t buses = pci_model_read(&p->space, BUSES, 4);
    return p->present && bus != 0 && bits_get(buses, 15, 8) == bus && bits_get(buses, 23, 16) >= bus && devfn == 0 &&
           !held(p) && pci_model_awake(&p->space);
}

struct vmd_port_target vmd_port_find(struct vmd_model *m, uint8_t bus, uint8_t devfn)
{
    for (unsigned i = 0; i < VMD_MODEL_DISKS; i++) {
        struct vmd_model_port *p = &m->port[i];
        if (bus == vmd_model_first_bus(m) && devfn == (i + 1) << 3) {
            return (struct vmd_port_target){p, false};
        }
        if (bus != vmd_model_first_bus(m) && leads_to(p, bus, devfn)) {
            return (struct vmd_port_target){p, true};
        }
    }
    return (struct vmd_port_target){NULL, false};
}

static struct window memory_window(const struct vmd_model_port *p)
{
    uint64_t w = pci_model_read(&p->space, MEMORY_WINDOW, 4);
    return (struct window){bits_get(w, 15, 4) << 20, bits_get(w, 31, 20) << 20 | MIB_MASK};
}

static struct window prefetch_window(const struct vmd_model_port *p)
{
    uint64_t w = pci_model_read(&p->space, PREFETCH_WINDOW, 4);
    uint64_t base = pci_model_read(&p->space, PREFETCH_BASE_UPPER, 4);
    uint64_t limit = pci_model_read(&p->space, PREFETCH_LIMIT_UPPER, 4);
    return (struct window){base << 32 | bits_get(w, 15, 4) << 20, limit << 32 | bits_get(w, 31, 20) << 20 | MIB_MASK};
}

static bool holds(struct window w, uint64_t address)
{
    return address >= w.first && address <= w.last;
}

bool vmd_port_claims(const struct vmd_model_port *p, uint64_t address)
{
    return pci_model_decodes(&p->space) && (holds(memory_window(p), address) || holds(prefetch_window(p), address));
}

static bool within(struct window w, uint64_t start, uint64_t bytes)
{
    return start != 0 && w.first >= start && w.last < start + bytes;
}

/* A window has a granularity of 1 MiB, MEMBAR2 as a whole: its first pages are the endpoint's own all the same. */
static bool stray(const struct vmd_model *m, struct window w)
{
    return w.first <= w.last && !within(w, vmd_model_bar(m, VMD_MODEL_MEMBAR1), VMD_MODEL_MEMBAR1_BYTES) &&
           !within(w, vmd_model_bar(m, VMD_MODEL_MEMBAR2), VMD_MODEL_MEMBAR2_BYTES);
}

void vmd_port_watch(struct vmd_model_port *p)
{
    bool now =
        pci_model_decodes(&p->space) && (stray(p->owner, memory_window(p)) || stray(p->owner, prefetch_window(p)));
    p->owner->counts.strays += now && !p->strays;
    p->strays = now;
}

uint32_t vmd_port_config_read(struct vmd_port_target t, uint16_t offset, unsigned width)
{
    return t.behind ? nvme_model_config_read(&t.port->nvme, offset, width)
                    : pci_model_read(&t.port->space, offset, width);
}

void vmd_port_config_write(struct vmd_port_target t, uint16_t offset, unsigned width, uint32_t value)
{
    if (t.behind) {
        nvme_model_config_write(&t.port->nvme, offset, width, value);
        return;
    }
    bool before = held(t.port);
    pci_model_write(&t.port->space, offset, width, value);
    if (held(t.port) && !before) {
        t.port->owner->counts.bus_resets++;
        nvme_model_reset(&t.port->nvme);
    }
    vmd_port_watch(t.port);
}
