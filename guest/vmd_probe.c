/* SPDX-License-Identifier: GPL-2.0-only
 * What of a bridge behind a VMD endpoint only writing tells (PCI 3.0 6.2.5.1, PCI-to-PCI Bridge 1.2 3.2.5.9). */
#include "drivers/pci_bars.h"
#include "drivers/pci_regs.h"
#include "guest/vmd_child.h"
#include "kernel/hw/pci_config.h"

#define BAR_TYPE_64 0x4u
#define BAR_IO 0x1u
#define BAR_LOW_BITS 0xfu
#define BARS 2u /* of a bridge */

/* What reads back after all ones; it holds 0 then. */
static uint32_t ones(struct sbdf at, unsigned index)
{
    uint16_t offset = (uint16_t)(PCI_BAR0 + 4 * index);
    pci_config_write32(at, offset, UINT32_MAX);
    uint32_t mask = pci_config_read32(at, offset);
    pci_config_write32(at, offset, 0);
    return mask;
}

/* What is no BAR by the facts may be one that nobody placed. */
static void probe_bar(struct guest_vmd_child *c, struct sbdf at, unsigned i)
{
    if (c->bars[i].kind != PCI_BAR_NONE) {
        return;
    }
    uint64_t mask = ones(at, i);
    bool wide = i + 1 < BARS && (mask & (BAR_TYPE_64 | BAR_IO)) == BAR_TYPE_64 && c->bars[i + 1].kind == PCI_BAR_NONE;
    if (wide) {
        mask |= (uint64_t)ones(at, i + 1) << 32;
    }
    enum status status = mask == 0 ? STATUS_OK : pci_bar_decode(mask & BAR_LOW_BITS, mask, &c->bars[i]);
    if (status != STATUS_OK || c->bars[i].kind != PCI_BAR_MEM64) {
        return;
    }
    if (wide) {
        c->bars[i + 1] = (struct pci_bar){.kind = PCI_BAR_UPPER};
    } else { /* what is behind it is another register: the bus numbers, or a BAR of its own */
        c->bars[i].kind = PCI_BAR_MEM32;
    }
}

void guest_vmd_child_probe(struct guest_vmd_child *c, struct sbdf at)
{
    if (!c->bridge) {
        return;
    }
    pci_config_write16(at, PCI_COMMAND, PCI_COMMAND_INTX_OFF);
    c->given = 0;
    for (unsigned i = 0; i < BARS; i++) {
        probe_bar(c, at, i);
    }
    vmd_bridge_close(at);
    uint32_t closed = pci_config_read32(at, VMD_BRIDGE_PREFETCH);
    c->prefetch = (closed & VMD_BRIDGE_ADDRESSES) == VMD_BRIDGE_CLOSED;
    c->prefetch_wide = c->prefetch && (closed & VMD_BRIDGE_WIDE & 0xffffu) != 0;
}
