/* SPDX-License-Identifier: GPL-2.0-only
 * The VMD endpoint itself: its configuration space and its resets. */
#include "tests/model/vmd_model.h"

#include <string.h>

#include "kernel/lib/bits.h"
#include "tests/model/vmd_model_internal.h"

#define EXPRESS_INTEGRATED 9
#define BAR_64 0x4
#define BAR_64_PREFETCHABLE 0xc
#define CONFIG_BYPASS BIT32(1)
#define LOCK_SHADOW BIT32(1)
enum { COMMAND = 0x04, BARS = 0x10, BARS_END = 0x28 };

bool vmd_bypasses(const struct vmd_model *m)
{
    return (pci_model_read(&m->space, VMD_MODEL_VMCONFIG, 4) & CONFIG_BYPASS) != 0;
}

bool vmd_shadowed(const struct vmd_model *m)
{
    return (pci_model_read(&m->space, VMD_MODEL_VMLOCK, 4) & LOCK_SHADOW) != 0;
}

uint16_t vmd_msix_control(const struct vmd_model *m)
{
    return (uint16_t)pci_model_read(&m->space, (uint16_t)(m->msix_at + 2), 2);
}

uint64_t vmd_model_bar(const struct vmd_model *m, unsigned bar)
{
    return pci_model_bar_address(&m->space, bar);
}

uint8_t vmd_model_first_bus(const struct vmd_model *m)
{
    static const uint8_t first[] = {0, 128, 224, 0};
    return first[m->config.bus_mode & 3];
}

bool vmd_model_claims(const struct vmd_model *m, uint64_t address)
{
    return vmd_port_claims(&m->port[0], address) || vmd_port_claims(&m->port[1], address);
}

static bool is_server(const struct vmd_model *m)
{
    return m->config.device == VMD_MODEL_SERVER;
}

/* Firmware's settings, which a reset keeps: they are locked. */
static void set_up_registers(struct vmd_model *m)
{
    struct pci_model *s = &m->space;
    pci_model_set(s, VMD_MODEL_VMCAP, 4, is_server(m) ? 1 : 0);
    pci_model_set(s, VMD_MODEL_VMCONFIG, 4, (uint32_t)m->config.bus_mode << 8);
    pci_model_allow(s, VMD_MODEL_VMCONFIG, 4, is_server(m) ? CONFIG_BYPASS : 0);
    pci_model_set(s, VMD_MODEL_VMLOCK, 4, m->config.lock_shadow ? LOCK_SHADOW : 0);
}

static void power_on(struct vmd_model *m)
{
    struct pci_model *s = &m->space;
    pci_model_init(s, VMD_MODEL_VENDOR, m->config.device, VMD_MODEL_CLASS, 0);
    set_up_registers(m);
    pci_model_bar(s, VMD_MODEL_CFGBAR, VMD_MODEL_CFGBAR_BYTES, BAR_64_PREFETCHABLE);
    pci_model_bar(s, VMD_MODEL_MEMBAR1, VMD_MODEL_MEMBAR1_BYTES, 0);
    pci_model_bar(s, VMD_MODEL_MEMBAR2, VMD_MODEL_MEMBAR2_BYTES, BAR_64);
    m->express_at = pci_model_add_express(s, EXPRESS_INTEGRATED, m->config.flr);
    m->power_at = pci_model_add_power(s, false);
    m->msix_at =
        pci_model_add_msix(s, VMD_MODEL_VECTORS, VMD_MODEL_MEMBAR2, VMD_MODEL_MSIX_TABLE, VMD_MODEL_MSIX_PENDING);
    msix_model_reset(&m->msix, VMD_MODEL_VECTORS);
    m->posted = false;
}

static void reset(struct vmd_model *m)
{
    m->counts.resets++;
    power_on(m);
    for (unsigned i = 0; i < VMD_MODEL_DISKS; i++) {
        vmd_port_reset(&m->port[i]);
    }
}

static void send(void *context, uint64_t address, uint32_t data)
{
    struct vmd_model *m = context;
    if (pci_model_masters(&m->space)) {
        m->io.message(m->io.context, address, data);
    }
}

void vmd_model_init(struct vmd_model *m, const struct vmd_model_config *config, const struct vmd_model_io *io)
{
    memset(m, 0, sizeof(*m));
    m->config = *config;
    m->config.bus_mode = is_server(m) ? config->bus_mode & 3 : 0;
    m->config.lock_shadow = is_server(m) && config->lock_shadow;
    m->io = *io;
    m->msix.context = m;
    m->msix.send = send;
    power_on(m);
    for (unsigned i = 0; i < 3; i++) {
        pci_model_write(&m->space, (uint16_t)(BARS + 8 * i), 4, (uint32_t)config->bar[i]);
        pci_model_write(&m->space, (uint16_t)(BARS + 8 * i + 4), 4, (uint32_t)(config->bar[i] >> 32));
    }
    for (unsigned i = 0; i < VMD_MODEL_DISKS; i++) {
        vmd_port_init(m, i);
    }
}

uint32_t vmd_model_config_read(struct vmd_model *m, uint16_t offset, unsigned width)
{
    return pci_model_read(&m->space, offset, width);
}

static bool covers(uint16_t offset, unsigned width, unsigned at)
{
    return at >= offset && at < offset + width;
}

static bool starts_flr(const struct vmd_model *m, uint16_t offset, unsigned width, uint32_t value)
{
    unsigned upper = m->express_at + 9U;
    return m->config.flr && covers(offset, width, upper) && (value >> (8 * (upper - offset)) & 0x80) != 0;
}

void vmd_model_config_write(struct vmd_model *m, uint16_t offset, unsigned width, uint32_t value)
{
    if (width == 0 || offset % width != 0) {
        return;
    }
    bool asleep = !pci_model_awake(&m->space);
    if (starts_flr(m, offset, width, value)) {
        reset(m);
        return;
    }
    pci_model_write(&m->space, offset, width, value);
    if (asleep && pci_model_awake(&m->space)) {
        reset(m);
        return;
    }
    if (covers(offset, width, m->msix_at + 3U)) {
        msix_model_control(&m->msix, vmd_msix_control(m));
    }
    if (offset >= BARS && offset < BARS_END) {
        vmd_port_watch(&m->port[0]);
        vmd_port_watch(&m->port[1]);
    }
}

bool vmd_model_tick(struct vmd_model *m)
{
    bool busy = nvme_model_tick(&m->port[0].nvme);
    return nvme_model_tick(&m->port[1].nvme) || busy;
}
