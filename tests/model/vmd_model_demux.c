/* SPDX-License-Identifier: GPL-2.0-only
 * What children put on their bus: it leaves as the endpoint's own, and messages by its table. */
#include "kernel/lib/bits.h"
#include "tests/model/vmd_model_internal.h"

#define MESSAGE_FIRST UINT64_C(0xfee00000)
#define MESSAGE_LAST UINT64_C(0xfeefffff)

static bool may_master(const struct vmd_model_port *p)
{
    return pci_model_masters(&p->nvme.space) && pci_model_masters(&p->space) && pci_model_masters(&p->owner->space);
}

static bool is_message(uint64_t address, size_t bytes)
{
    return address <= MESSAGE_LAST && (address >= MESSAGE_FIRST || bytes > MESSAGE_FIRST - address);
}

static void demultiplex(struct vmd_model *m, uint64_t address, uint32_t data)
{
    if (vmd_bypasses(m)) {
        m->counts.bypassed++;
        m->io.message(m->io.context, address, data);
    } else if (msix_model_raise(&m->msix, vmd_msix_control(m), (unsigned)bits_get(address, 19, 12))) {
        m->counts.messages++;
    } else {
        m->counts.dropped++;
    }
}

/* Only a whole, aligned dword is a message; reads there, and other writes, are answered by nobody. */
static bool send(struct vmd_model *m, bool write, uint64_t address, const uint32_t *data, size_t bytes)
{
    if (!write || bytes != sizeof(*data) || address % sizeof(*data) != 0) {
        m->counts.blocked++;
        return false;
    }
    demultiplex(m, address, *data);
    return true;
}

bool vmd_demux_dma(void *port, bool write, uint64_t address, void *data, size_t bytes)
{
    struct vmd_model_port *p = port;
    struct vmd_model *m = p->owner;
    if (!may_master(p)) {
        m->counts.blocked++;
        return false;
    }
    if (is_message(address, bytes)) {
        return send(m, write, address, data, bytes);
    }
    bool passed = m->io.dma(m->io.context, write, address, data, bytes);
    m->counts.blocked += !passed;
    return passed;
}

bool vmd_demux_disk(void *port, bool write, uint64_t offset, void *data, size_t bytes)
{
    const struct vmd_model_port *p = port;
    return p->owner->io.disk(p->owner->io.context, p->number, write, offset, data, bytes);
}
