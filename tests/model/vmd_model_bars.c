/* SPDX-License-Identifier: GPL-2.0-only
 * What the BARs of the VMD model lead to. */
#include "kernel/lib/bits.h"
#include "tests/model/vmd_model_internal.h"

#define NOTHING UINT64_MAX
#define SHADOW_BYTES 16

/* --- CFGBAR: bus - first bus at bits 24:20, device and function at 19:12, register at 11:0 */

static struct vmd_port_target config_target(struct vmd_model *m, uint64_t offset)
{
    uint8_t bus = (uint8_t)(vmd_model_first_bus(m) + bits_get(offset, 24, 20));
    return vmd_port_find(m, bus, (uint8_t)bits_get(offset, 19, 12));
}

/* A posted write reaches its register for sure only when something was read back from that function; from one that is
 * in reset nothing may be read, so that it must be something else on the first bus. */
static bool reads_back(const struct vmd_model *m, uint64_t offset)
{
    bool same = offset >> 12 == m->posted_at >> 12;
    return m->posted_reset ? !same && bits_get(offset, 24, 20) == 0 : same;
}

static void note_order(struct vmd_model *m, bool write, uint64_t offset)
{
    m->counts.unread += m->posted && (write || !reads_back(m, offset));
    m->posted_reset = false;
    m->posted = write;
    m->posted_at = offset;
}

static bool enter_config(struct vmd_model *m)
{
    m->counts.concurrent += m->in_config;
    bool outermost = !m->in_config;
    m->in_config = true;
    return outermost;
}

static uint64_t read_config(struct vmd_model *m, uint64_t offset, unsigned width)
{
    if (width > 4) {
        return NOTHING;
    }
    bool outermost = enter_config(m);
    struct vmd_port_target target = config_target(m, offset);
    uint32_t value = UINT32_MAX;
    note_order(m, false, offset);
    if (target.port != NULL) {
        value = vmd_port_config_read(target, (uint16_t)(offset & 0xfff), width);
    } else {
        m->counts.absent++;
    }
    m->in_config = !outermost;
    return value;
}

static void write_config(struct vmd_model *m, uint64_t offset, unsigned width, uint64_t value)
{
    if (width > 4) {
        return;
    }
    bool outermost = enter_config(m);
    struct vmd_port_target target = config_target(m, offset);
    note_order(m, true, offset);
    if (target.port != NULL) {
        m->posted_reset = target.behind && nvme_model_falls_silent(&target.port->nvme, (uint16_t)(offset & 0xfff),
                                                                   width, (uint32_t)value);
        vmd_port_config_write(target, (uint16_t)(offset & 0xfff), width, (uint32_t)value);
    } else {
        m->counts.absent++;
    }
    m->in_config = !outermost;
}

/* --- MEMBARs: by the address on the host's bus, through a port's window and a controller's BAR */

static struct vmd_model_port *port_at(struct vmd_model *m, uint64_t address)
{
    struct vmd_model_port *found = NULL;
    for (unsigned i = 0; i < VMD_MODEL_DISKS; i++) {
        if (vmd_port_claims(&m->port[i], address)) {
            m->counts.conflicts += found != NULL;
            found = found != NULL ? found : &m->port[i];
        }
    }
    return found;
}

static struct nvme_model *controller_at(struct vmd_model *m, uint64_t address, uint64_t *offset)
{
    struct vmd_model_port *p = port_at(m, address);
    if (p != NULL && p->present && pci_model_decodes(&p->nvme.space)) {
        *offset = address - pci_model_bar_address(&p->nvme.space, 0);
        if (*offset < NVME_MODEL_WINDOW) {
            return &p->nvme;
        }
    }
    m->counts.lost++;
    return NULL;
}

static uint64_t read_child(struct vmd_model *m, uint64_t address, unsigned width)
{
    uint64_t offset = 0;
    const struct nvme_model *n = controller_at(m, address, &offset);
    return n == NULL ? NOTHING : nvme_model_read(n, offset, width);
}

static void write_child(struct vmd_model *m, uint64_t address, unsigned width, uint64_t value)
{
    uint64_t offset = 0;
    struct nvme_model *n = controller_at(m, address, &offset);
    if (n != NULL) {
        nvme_model_write(n, offset, width, value);
    }
}

static uint64_t read_shadow(const struct vmd_model *m, uint64_t offset, unsigned width)
{
    uint64_t value = vmd_model_bar(m, offset < 8 ? VMD_MODEL_MEMBAR1 : VMD_MODEL_MEMBAR2);
    return value >> (8 * (offset % 8)) & MASK64(8 * width - 1, 0);
}

static uint64_t read_own(const struct vmd_model *m, uint64_t offset, unsigned width)
{
    return offset < VMD_MODEL_MSIX_PENDING ? msix_model_read(&m->msix, offset - VMD_MODEL_MSIX_TABLE, width)
                                           : msix_model_pending(&m->msix, offset - VMD_MODEL_MSIX_PENDING, width);
}

static uint64_t read_membar2(struct vmd_model *m, uint64_t offset, unsigned width)
{
    if (offset < VMD_MODEL_SHADOW) {
        return read_own(m, offset, width);
    }
    if (vmd_shadowed(m) && offset < VMD_MODEL_SHADOW + SHADOW_BYTES) {
        return read_shadow(m, offset - VMD_MODEL_SHADOW, width);
    }
    return read_child(m, vmd_model_bar(m, VMD_MODEL_MEMBAR2) + offset, width);
}

static void write_membar2(struct vmd_model *m, uint64_t offset, unsigned width, uint64_t value)
{
    if (offset < VMD_MODEL_MSIX_PENDING) {
        msix_model_write(&m->msix, vmd_msix_control(m), offset - VMD_MODEL_MSIX_TABLE, width, value);
    } else if (offset >= VMD_MODEL_SHADOW && !(vmd_shadowed(m) && offset < VMD_MODEL_SHADOW + SHADOW_BYTES)) {
        write_child(m, vmd_model_bar(m, VMD_MODEL_MEMBAR2) + offset, width, value);
    }
}

static bool acceptable(const struct vmd_model *m, unsigned bar, uint64_t offset, unsigned width)
{
    uint64_t bytes = bar == VMD_MODEL_MEMBAR2 ? VMD_MODEL_MEMBAR2_BYTES : VMD_MODEL_CFGBAR_BYTES;
    bool good = (width == 1 || width == 2 || width == 4 || width == 8) && offset % width == 0 && offset < bytes;
    return good && pci_model_decodes(&m->space);
}

uint64_t vmd_model_read(struct vmd_model *m, unsigned bar, uint64_t offset, unsigned width)
{
    if (!acceptable(m, bar, offset, width)) {
        return NOTHING;
    }
    switch (bar) {
    case VMD_MODEL_CFGBAR:
        return read_config(m, offset, width);
    case VMD_MODEL_MEMBAR1:
        return read_child(m, vmd_model_bar(m, bar) + offset, width);
    case VMD_MODEL_MEMBAR2:
        return read_membar2(m, offset, width);
    default:
        return NOTHING;
    }
}

void vmd_model_write(struct vmd_model *m, unsigned bar, uint64_t offset, unsigned width, uint64_t value)
{
    if (!acceptable(m, bar, offset, width)) {
        return;
    }
    switch (bar) {
    case VMD_MODEL_CFGBAR:
        write_config(m, offset, width, value);
        break;
    case VMD_MODEL_MEMBAR1:
        write_child(m, vmd_model_bar(m, bar) + offset, width, value);
        break;
    case VMD_MODEL_MEMBAR2:
        write_membar2(m, offset, width, value);
        break;
    default:
        break;
    }
}
