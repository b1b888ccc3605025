/* SPDX-License-Identifier: GPL-2.0-only
 * Registers of root ports behind VMD endpoints, kept from one user to the next. */
#include "drivers/vmd_ports.h"

#include "drivers/pci_regs.h"

#define VERSION 0x000fu /* of the capability: from 2 on it has the second control register */

/* guest/vmd_rules.c lets guests write these bits (and the link's switch, which is turned on again elsewhere; and its
 * retraining, which is no state). */
static const struct {
    uint8_t offset;
    uint16_t bits;
} kept[VMD_PORT_REGISTERS] = {
    {PCI_EXP_DEVCTL, 0x71f0}, {PCI_EXP_LNKCTL, 0x01cb}, {PCI_EXP_SLTCTL, 0x03c0}, {PCI_EXP_DEVCTL2, 0x001f}};

static bool is_there(struct sbdf at, uint16_t express, uint8_t offset)
{
    return offset != PCI_EXP_DEVCTL2 || (pci_config_read16(at, (uint16_t)(express + PCI_EXP_FLAGS)) & VERSION) >= 2;
}

void vmd_ports_remember(struct vmd_domain *d, const struct pci_facts *pci)
{
    d->port_count = 0;
    for (size_t i = 0; i < pci->count && d->port_count < VMD_PORTS_MAX; i++) {
        const struct pci_function *f = &pci->functions[i];
        bool root = f->is_vmd_child && f->vmd == d->endpoint && f->header == 1 && sbdf_bus(f->at) == d->first_bus;
        if (!root || f->cap.express == 0) {
            continue;
        }
        struct vmd_port *p = &d->ports[d->port_count++];
        *p = (struct vmd_port){.at = f->at, .express = f->cap.express};
        for (size_t j = 0; j < VMD_PORT_REGISTERS; j++) {
            p->values[j] = pci_config_read16(f->at, (uint16_t)(f->cap.express + kept[j].offset));
        }
    }
}

static void restore(const struct vmd_port *p, size_t j)
{
    uint16_t at = (uint16_t)(p->express + kept[j].offset);
    uint16_t now = pci_config_read16(p->at, at);
    uint16_t wanted = (uint16_t)((now & ~kept[j].bits) | (p->values[j] & kept[j].bits));
    if (now != wanted && now != UINT16_MAX) {
        pci_config_write16(p->at, at, wanted);
    }
}

void vmd_ports_restore(const struct vmd_domain *d)
{
    for (size_t i = 0; i < d->port_count; i++) {
        for (size_t j = 0; j < VMD_PORT_REGISTERS; j++) {
            if (is_there(d->ports[i].at, d->ports[i].express, kept[j].offset)) {
                restore(&d->ports[i], j);
            }
        }
    }
}
