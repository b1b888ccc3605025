/* SPDX-License-Identifier: GPL-2.0-only
 * Reading one function's configuration space into plain facts (PCI 3.0 6.1, PCIe 6.0 7.5). */
#include "drivers/pci_acs.h"
#include "drivers/pci_bars.h"
#include "drivers/pci_caps.h"
#include "drivers/pci_diag.h"
#include "drivers/pci_regs.h"

static void read_header(const struct pci_reader *reader, struct pci_function *f)
{
    uint32_t id = pci_reader_u32(reader, PCI_VENDOR);
    f->vendor = (uint16_t)id;
    f->device = (uint16_t)(id >> 16);
    uint32_t class_revision = pci_reader_u32(reader, PCI_REVISION);
    f->revision = (uint8_t)class_revision;
    f->class_code = class_revision >> 8;
    uint8_t type = pci_reader_u8(reader, PCI_HEADER_TYPE);
    f->header = type & 0x7f;
    f->multifunction = (type & PCI_HEADER_MULTIFUNCTION) != 0;
    f->command = pci_reader_u16(reader, PCI_COMMAND);
    f->interrupt_line = pci_reader_u8(reader, PCI_INTERRUPT_LINE);
    uint8_t pin = pci_reader_u8(reader, PCI_INTERRUPT_PIN);
    f->interrupt_pin = pin <= 4 ? pin : 0;
}

static void read_bus_numbers(const struct pci_reader *reader, struct pci_function *f)
{
    uint32_t buses = pci_reader_u32(reader, PCI_BUS_NUMBERS);
    f->bridge = true;
    f->primary = (uint8_t)buses;
    f->secondary = (uint8_t)(buses >> 8);
    f->subordinate = (uint8_t)(buses >> 16);
}

static void read_subsystem(const struct pci_reader *reader, struct pci_function *f)
{
    uint32_t ids = 0;
    if (f->header == 0) {
        ids = pci_reader_u32(reader, PCI_SUBSYSTEM);
    } else if (f->cap.bridge_ssid != 0) {
        ids = pci_reader_u32(reader, f->cap.bridge_ssid + 4);
    }
    f->subsystem_vendor = (uint16_t)ids;
    f->subsystem = (uint16_t)(ids >> 16);
}

static void read_express(const struct pci_reader *reader, struct pci_function *f)
{
    f->express = PCI_EXPRESS_NONE;
    if (f->cap.express == 0) {
        return;
    }
    uint16_t flags = pci_reader_u16(reader, f->cap.express + PCI_EXP_FLAGS);
    f->express = (enum pci_express_type)bits_get(flags, 7, 4);
    uint32_t devcap = pci_reader_u32(reader, f->cap.express + PCI_EXP_DEVCAP);
    f->has_flr = (devcap & PCI_DEVCAP_FLR) != 0;
    f->phantom_bits = (uint8_t)bits_get(devcap, 4, 3);
}

static void read_interrupts(const struct pci_reader *reader, struct pci_function *f)
{
    if (f->cap.msi != 0) {
        uint16_t control = pci_reader_u16(reader, f->cap.msi + PCI_MSI_CONTROL);
        unsigned log2_count = (unsigned)bits_get(control, 3, 1);
        f->msi_count = (uint8_t)(log2_count <= 5 ? 1u << log2_count : 1);
    }
    if (f->cap.msix != 0) {
        f->msix_count = (pci_reader_u16(reader, f->cap.msix + PCI_MSIX_CONTROL) & PCI_MSIX_SIZE) + 1;
    }
}

static void read_capabilities(const struct pci_reader *reader, struct pci_function *f)
{
    read_express(reader, f);
    read_interrupts(reader, f);
    if (f->cap.pm != 0) {
        f->no_soft_reset = (pci_reader_u16(reader, f->cap.pm + PCI_PM_CONTROL) & PCI_PM_NO_SOFT_RESET) != 0;
    }
    if (f->cap.af != 0) {
        uint8_t af = pci_reader_u8(reader, f->cap.af + PCI_AF_CAP);
        f->has_af_flr = (af & (PCI_AF_CAP_TP | PCI_AF_CAP_FLR)) == (PCI_AF_CAP_TP | PCI_AF_CAP_FLR);
    }
    pci_acs_read(reader, f);
    f->is_pf = f->cap.sriov != 0;
}

enum status pci_function_read(const struct pci_reader *reader, struct sbdf at, struct pci_function *out,
                              struct diag_list *diag)
{
    *out = (struct pci_function){.at = at, .parent = PCI_NO_INDEX, .express = PCI_EXPRESS_NONE};
    uint16_t vendor = pci_reader_u16(reader, PCI_VENDOR);
    if (vendor == UINT16_MAX || vendor == 0) {
        return STATUS_NOT_FOUND;
    }
    read_header(reader, out);
    if (out->header > 2) {
        char where[SBDF_TEXT_SIZE];
        out->blocked |= PCI_BLOCKED_HEADER;
        diag_add(diag, PCI_DIAG_HEADER_TYPE, DIAG_WARNING, sbdf_text(at, where),
                 "update the device's firmware; the function is given to no guest", "header type 0x%x is not defined",
                 out->header);
        return STATUS_OK;
    }
    if (out->header != 0) {
        read_bus_numbers(reader, out);
    }
    out->cap = pci_caps_find(reader, at, diag);
    read_subsystem(reader, out);
    read_capabilities(reader, out);
    pci_bars_read(reader, out, diag);
    return STATUS_OK;
}

void pci_function_read_vf(const struct pci_reader *reader, struct sbdf at, struct pci_function *out,
                          struct diag_list *diag)
{
    *out = (struct pci_function){.at = at, .parent = PCI_NO_INDEX, .express = PCI_EXPRESS_NONE, .is_vf = true};
    read_header(reader, out);
    out->vendor = out->device = 0;
    out->header = 0; /* whatever it says: the specification knows no other (PCIe 6.0 9.3.4.1.8) */
    out->multifunction = false;
    out->interrupt_pin = 0;
    out->cap = pci_caps_find(reader, at, diag);
    out->cap.sriov = 0;
    read_subsystem(reader, out);
    read_capabilities(reader, out);
}
