/* SPDX-License-Identifier: GPL-2.0-only
 * Resets of functions on a VMD domain's first bus. */
#include "drivers/vmd_reset_first.h"

#include "drivers/pci_ready.h"
#include "drivers/pci_regs.h"
#include "drivers/pci_reset.h"
#include "drivers/vmd_reset_ports.h"
#include "kernel/core/log.h"

static bool is_first(const struct vmd_domain *d, const struct pci_function *f)
{
    return vmd_reset_ports_child(d, f) && f->header != 1 && sbdf_bus(f->at) == d->first_bus;
}

static void set_power(const struct vmd_domain *d, const struct pci_function *f, uint16_t state)
{
    uint16_t at = (uint16_t)(f->cap.pm + PCI_PM_CONTROL);
    uint16_t control = pci_config_read16(f->at, at) & (uint16_t) ~(PCI_PM_STATE | PCI_PM_PME_STATUS);
    pci_config_write_reset(f->at, at, 2, control | state, vmd_elsewhere(d, f->at));
}

static void begin(const struct vmd_domain *d, const struct pci_function *f)
{
    char text[SBDF_TEXT_SIZE];
    struct sbdf other = vmd_elsewhere(d, f->at);
    uint16_t control = (uint16_t)(f->cap.express + PCI_EXP_DEVCTL);
    switch (pci_reset_method(f, false)) {
    case PCI_RESET_FLR:
        pci_config_write_reset(f->at, control, 2, pci_config_read16(f->at, control) | PCI_DEVCTL_FLR, other);
        break;
    case PCI_RESET_AF:
        pci_config_write_reset(f->at, (uint16_t)(f->cap.af + PCI_AF_CONTROL), 1, PCI_AF_FLR, other);
        break;
    case PCI_RESET_D3:
        set_power(d, f, PCI_PM_D3HOT);
        break;
    case PCI_RESET_BUS:
    case PCI_RESET_NONE:
        log_warn("vmd: %s: has no reset: its registers keep what the last user left; give its endpoint to one guest "
                 "for good",
                 sbdf_text(f->at, text));
        break;
    }
}

void vmd_reset_first_begin(const struct pci_facts *facts, const struct vmd_domain *d)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (is_first(d, f) && pci_ready(f)) {
            begin(d, f);
        }
    }
}

bool vmd_reset_first_rise(const struct pci_facts *facts, const struct vmd_domain *d)
{
    bool any = false;
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *f = &facts->functions[i];
        if (is_first(d, f) && pci_reset_method(f, false) == PCI_RESET_D3 && pci_ready(f)) {
            set_power(d, f, 0);
            any = true;
        }
    }
    return any;
}
