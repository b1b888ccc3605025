/* SPDX-License-Identifier: GPL-2.0-only
 * MSI-X (PCI 3.0 6.8.2). */
#include "drivers/msix.h"

#include "drivers/pci_diag.h"
#include "drivers/pci_regs.h"
#include "kernel/hw/mmio.h"

enum entry_register {
    ENTRY_ADDRESS = 0x0,
    ENTRY_ADDRESS_HIGH = 0x4,
    ENTRY_DATA = 0x8,
    ENTRY_CONTROL = 0xc, /* mask bit 0 */
};

#define ENTRY_MASKED BIT32(0)

/* A table register is a BAR number 2:0 and an offset 31:3. */
static bool inside(const struct pci_function *f, uint32_t reg, uint64_t bytes)
{
    unsigned bar = reg & 7;
    uint64_t offset = reg & ~7u;
    if (bar >= PCI_BARS) {
        return false;
    }
    const struct pci_bar *b = &f->bars[bar];
    bool memory = b->kind == PCI_BAR_MEM32 || b->kind == PCI_BAR_MEM64;
    return memory && b->assigned && offset <= b->size && bytes <= b->size - offset;
}

enum status msix_locate(const struct pci_function *f, struct msix_table *out, struct diag_list *diag)
{
    *out = (struct msix_table){0};
    if (f->cap.msix == 0) {
        return STATUS_NOT_FOUND;
    }
    uint32_t table = pci_config_read32(f->at, f->cap.msix + PCI_MSIX_TABLE);
    uint32_t pba = pci_config_read32(f->at, f->cap.msix + PCI_MSIX_PBA);
    uint64_t pba_bytes = align_up(f->msix_count, 64) / 8;
    if (!inside(f, table, (uint64_t)f->msix_count * MSIX_ENTRY_BYTES) || !inside(f, pba, pba_bytes)) {
        char where[SBDF_TEXT_SIZE];
        if (diag != NULL) {
            diag_add(diag, PCI_DIAG_MSIX_TABLE, DIAG_WARNING, sbdf_text(f->at, where),
                     "update the device's firmware; MSI-X is not used",
                     "MSI-X table (0x%x) or pending bits (0x%x) for %u vectors are not inside an assigned BAR", table,
                     pba, f->msix_count);
        }
        return STATUS_OUT_OF_RANGE;
    }
    *out = (struct msix_table){.count = f->msix_count,
                               .table_bar = table & 7,
                               .pba_bar = pba & 7,
                               .table_offset = table & ~7u,
                               .pba_offset = pba & ~7u};
    out->table = hpa(f->bars[out->table_bar].address + out->table_offset);
    return STATUS_OK;
}

static struct hpa entry(const struct msix_table *t, unsigned index, unsigned reg)
{
    return hpa_add(t->table, (uint64_t)index * MSIX_ENTRY_BYTES + reg);
}

static void set_mask(const struct msix_table *t, unsigned index, bool masked)
{
    struct hpa at = entry(t, index, ENTRY_CONTROL);
    uint32_t control = mmio_read32(at);
    mmio_write32(at, masked ? control | ENTRY_MASKED : control & ~ENTRY_MASKED);
    (void)mmio_read32(at); /* posted writes have arrived when this returns */
}

enum status msix_mask(const struct msix_table *t, unsigned index, bool masked)
{
    if (index >= t->count) {
        return STATUS_OUT_OF_RANGE;
    }
    set_mask(t, index, masked);
    return STATUS_OK;
}

void msix_mask_table(const struct msix_table *t)
{
    for (unsigned i = 0; i < t->count; i++) {
        set_mask(t, i, true);
    }
}

enum status msix_program(const struct msix_table *t, unsigned index, const struct msi_message *message)
{
    if (index >= t->count || !is_aligned(message->address, 4)) {
        return STATUS_OUT_OF_RANGE;
    }
    /* Changing an unmasked entry is undefined (PCI 3.0 6.8.2). */
    set_mask(t, index, true);
    mmio_write32(entry(t, index, ENTRY_ADDRESS), (uint32_t)message->address);
    mmio_write32(entry(t, index, ENTRY_ADDRESS_HIGH), (uint32_t)(message->address >> 32));
    mmio_write32(entry(t, index, ENTRY_DATA), message->data);
    return STATUS_OK;
}

enum status msix_enable(const struct pci_function *f, bool on, bool mask_all)
{
    if (f->cap.msix == 0) {
        return STATUS_NOT_FOUND;
    }
    uint16_t at = f->cap.msix + PCI_MSIX_CONTROL;
    uint16_t control = (uint16_t)(pci_config_read16(f->at, at) & ~(PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL));
    control = (uint16_t)(control | (on ? PCI_MSIX_ENABLE : 0) | (mask_all ? PCI_MSIX_MASK_ALL : 0));
    pci_config_write16(f->at, at, control);
    return STATUS_OK;
}
