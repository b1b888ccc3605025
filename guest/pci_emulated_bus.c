/* SPDX-License-Identifier: GPL-2.0-only
 * Emulated functions on a guest's bus, as guest/pci.h says. */
#include "guest/pci.h"

enum status guest_pci_add_emulated(struct guest_pci *pci, struct pci_emulated *f)
{
    if (f->device < PCI_EMULATED_LOWEST || f->device > GUEST_PCI_DEVICES || pci->emulated[f->device] != NULL ||
        pci->functions[f->device] != NULL) {
        return STATUS_CONFLICT;
    }
    pci->emulated[f->device] = f;
    return STATUS_OK;
}

/* Where an assigned function's BAR is, or will be after a reset. */
static bool is_bar(const void *context, uint64_t start, uint64_t end)
{
    const struct guest_pci *pci = context;
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        const struct guest_pci_function *f = guest_pci_at(pci, i);
        for (unsigned k = 0; f != NULL && k < GUEST_PCI_BARS; k++) {
            uint64_t at = f->first_address[k];
            if (f->bars[k].kind != PCI_BAR_NONE && at < end && start < at + f->bars[k].size) {
                return true;
            }
        }
    }
    return false;
}

enum status guest_pci_show_emulated(struct guest_pci *pci)
{
    const struct guest_bar_space space = {
        .nested = pci->config.nested, .mmio = pci->config.mmio, .windows = &pci->config.windows};
    enum status status = STATUS_OK;
    for (unsigned i = GUEST_PCI_DEVICES; i >= PCI_EMULATED_LOWEST && status == STATUS_OK; i--) {
        struct pci_emulated *f = pci->emulated[i];
        status = f != NULL && !f->placed ? pci_emulated_show(f, &space, is_bar, pci) : STATUS_OK;
    }
    return status;
}

uint64_t guest_pci_deadline(const struct guest_pci *pci)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = PCI_EMULATED_LOWEST; i <= GUEST_PCI_DEVICES; i++) {
        const struct pci_emulated *f = pci->emulated[i];
        uint64_t due = f != NULL && f->ops->deadline != NULL ? f->ops->deadline(f->context) : UINT64_MAX;
        next = due < next ? due : next;
    }
    return next;
}

void guest_pci_advance(struct guest_pci *pci, uint64_t now_ns)
{
    for (unsigned i = PCI_EMULATED_LOWEST; i <= GUEST_PCI_DEVICES; i++) {
        const struct pci_emulated *f = pci->emulated[i];
        if (f != NULL && f->ops->advance != NULL) {
            f->ops->advance(f->context, now_ns);
        }
    }
}

void guest_pci_reset_emulated(struct guest_pci *pci)
{
    for (unsigned i = 1; i <= GUEST_PCI_DEVICES; i++) {
        if (pci->emulated[i] != NULL) {
            pci_emulated_reset(pci->emulated[i]);
        }
    }
}
