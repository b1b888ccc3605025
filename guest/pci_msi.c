/* SPDX-License-Identifier: GPL-2.0-only
 * MSI of assigned functions. */
#include "guest/pci_msi.h"

#include "drivers/msi.h"
#include "drivers/pci_regs.h"
#include "kernel/core/panic.h"

void guest_msi_init(struct guest_msi *m, const struct vm_device *device, const struct pci_view *view,
                    const struct message_router *router)
{
    const struct pci_function *host = device->function;
    *m = (struct guest_msi){.host = view->msi != 0 && host->cap.msi != 0 ? host : NULL};
    device_irq_init(&m->irq, device, router);
}

/* The guest's message, as its registers hold it. */
struct guest_message {
    uint64_t address;
    uint32_t data;
    bool masked;
};

static struct guest_message read_message(const struct pci_view *view)
{
    uint16_t control = (uint16_t)pci_view_get(view, view->msi + PCI_MSI_CONTROL, 2);
    bool wide = (control & PCI_MSI_64BIT) != 0;
    uint16_t more = wide ? 4 : 0;
    struct guest_message message = {.address = pci_view_get(view, view->msi + PCI_MSI_ADDRESS, 4)};
    if (wide) {
        message.address |= (uint64_t)pci_view_get(view, view->msi + PCI_MSI_ADDRESS_HIGH, 4) << 32;
    }
    message.data = pci_view_get(view, view->msi + PCI_MSI_DATA + more, 2);
    message.masked =
        (control & PCI_MSI_MASKING) != 0 && (pci_view_get(view, view->msi + PCI_MSI_MASK + more, 4) & 1) != 0;
    return message;
}

/* Masks where the function has them; without masks MSI goes off instead, and what the device sends meanwhile is lost,
 * as the guest would lose it. */
static void set_sending(struct guest_msi *m, bool on)
{
    enum status status = msi_mask(m->host, 0, !on);
    bulkhead_assert(status == STATUS_OK || status == STATUS_UNSUPPORTED);
    status = msi_enable(m->host, on || status == STATUS_OK);
    bulkhead_assert(status == STATUS_OK);
}

static void switch_off(struct guest_msi *m)
{
    enum status status = msi_enable(m->host, false);
    bulkhead_assert(status == STATUS_OK);
    m->stuck = device_irq_release(&m->irq) != STATUS_OK || m->stuck;
}

static enum status send_to(struct guest_msi *m, const struct guest_message *message)
{
    struct vtd_msi ours;
    bool fresh = !m->irq.routed;
    enum status status = device_irq_route(&m->irq, message->address, message->data, &ours);
    if (status != STATUS_OK || (!fresh && !m->irq.moving)) {
        return status; /* the device holds the message already */
    }
    return msi_program(m->host, 0, &(struct msi_message){.address = ours.address, .data = ours.data});
}

void guest_msi_update(struct guest_msi *m, const struct pci_view *view)
{
    if (m->host == NULL || m->stuck) {
        return;
    }
    if ((pci_view_get(view, view->msi + PCI_MSI_CONTROL, 2) & PCI_MSI_ENABLE) == 0) {
        switch_off(m);
        return;
    }
    struct guest_message message = read_message(view);
    if (message.masked) {
        set_sending(m, false);
        return;
    }
    set_sending(m, send_to(m, &message) == STATUS_OK);
    device_irq_settle(&m->irq);
}

void guest_msi_reset(struct guest_msi *m)
{
    if (m->host != NULL) {
        switch_off(m);
    }
}
