/* SPDX-License-Identifier: GPL-2.0-only
 * Changes of power states. */
#include "drivers/pci_power.h"

#include "drivers/pci_regs.h"

static uint16_t control_at(const struct pci_function *f)
{
    return (uint16_t)(f->cap.pm + PCI_PM_CONTROL);
}

void pci_power_begin(struct pci_power *p, const struct pci_function *f, uint16_t state)
{
    *p = (struct pci_power){.f = f, .state = state, .status = STATUS_OK};
    uint16_t control = f->cap.pm != 0 ? pci_config_read16(f->at, control_at(f)) : state;
    if ((control & PCI_PM_STATE) == state) {
        p->over = true;
        return;
    }
    /* PME_Status is cleared by a written 1: leave it. */
    control = (uint16_t)(control & ~(PCI_PM_STATE | PCI_PM_PME_STATUS));
    pci_config_write16(f->at, control_at(f), (uint16_t)(control | state));
    p->due_ns = time_now_ns() + PCI_POWER_US * 1000;
}

bool pci_power_go_on(struct pci_power *p)
{
    if (p->over || time_now_ns() < p->due_ns) {
        return p->over;
    }
    p->until = p->waited ? p->until : pci_ready_begin();
    p->waited = true;
    if (!pci_ready_look(p->f, p->until, &p->status)) {
        p->due_ns = time_now_ns() + PCI_READY_POLL_US * 1000;
        return false;
    }
    if (p->status == STATUS_OK && (pci_config_read16(p->f->at, control_at(p->f)) & PCI_PM_STATE) != p->state) {
        p->status = STATUS_TIMEOUT;
    }
    p->over = true;
    return true;
}
