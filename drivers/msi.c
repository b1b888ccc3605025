/* SPDX-License-Identifier: GPL-2.0-only
 * MSI (PCI 3.0 6.8.1). */
#include "drivers/msi.h"

#include "drivers/pci_regs.h"

static uint16_t control_of(const struct pci_function *f)
{
    return pci_config_read16(f->at, f->cap.msi + PCI_MSI_CONTROL);
}

static void set_control(const struct pci_function *f, uint16_t control)
{
    pci_config_write16(f->at, f->cap.msi + PCI_MSI_CONTROL, control);
}

/* Data and masks lie 4 bytes higher where the address has 64 bits. */
static uint16_t after_address(const struct pci_function *f, uint16_t control, unsigned reg)
{
    return (uint16_t)(f->cap.msi + reg + ((control & PCI_MSI_64BIT) != 0 ? 4 : 0));
}

enum status msi_program(const struct pci_function *f, unsigned log2_vectors, const struct msi_message *message)
{
    if (f->cap.msi == 0) {
        return STATUS_NOT_FOUND;
    }
    uint16_t control = control_of(f);
    bool wide = (control & PCI_MSI_64BIT) != 0;
    if (log2_vectors > 5 || 1u << log2_vectors > f->msi_count || !is_aligned(message->address, 4) ||
        (!wide && message->address > UINT32_MAX) || message->data > UINT16_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    /* Off first: an interrupt between two of these writes would go to half of each address. */
    control = (uint16_t)(control & ~(PCI_MSI_ENABLE | PCI_MSI_MULTIPLE));
    set_control(f, control);
    pci_config_write32(f->at, f->cap.msi + PCI_MSI_ADDRESS, (uint32_t)message->address);
    if (wide) {
        pci_config_write32(f->at, f->cap.msi + PCI_MSI_ADDRESS_HIGH, (uint32_t)(message->address >> 32));
    }
    pci_config_write16(f->at, after_address(f, control, PCI_MSI_DATA), (uint16_t)message->data);
    set_control(f, (uint16_t)(control | log2_vectors << 4));
    return STATUS_OK;
}

enum status msi_enable(const struct pci_function *f, bool on)
{
    if (f->cap.msi == 0) {
        return STATUS_NOT_FOUND;
    }
    uint16_t control = control_of(f);
    set_control(f, (uint16_t)(on ? control | PCI_MSI_ENABLE : control & ~PCI_MSI_ENABLE));
    return STATUS_OK;
}

enum status msi_mask(const struct pci_function *f, unsigned vector, bool masked)
{
    if (f->cap.msi == 0) {
        return STATUS_NOT_FOUND;
    }
    uint16_t control = control_of(f);
    if (vector >= f->msi_count) {
        return STATUS_OUT_OF_RANGE;
    }
    if ((control & PCI_MSI_MASKING) == 0) {
        return STATUS_UNSUPPORTED;
    }
    uint16_t at = after_address(f, control, PCI_MSI_MASK);
    uint32_t masks = pci_config_read32(f->at, at);
    pci_config_write32(f->at, at, masked ? masks | BIT32(vector) : masks & ~BIT32(vector));
    return STATUS_OK;
}
