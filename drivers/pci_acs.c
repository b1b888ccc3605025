/* SPDX-License-Identifier: GPL-2.0-only
 * Access Control Services on (PCIe 6.0 6.12, 7.7.11), and what Intel's chipsets have instead. */
#include "drivers/pci_acs.h"

#include "drivers/pci_acs_chipset.h"
#include "drivers/pci_diag.h"
#include "drivers/pci_regs.h"

#define ACS_DWORD_BYTES 12

void pci_acs_read(const struct pci_reader *reader, struct pci_function *f)
{
    if (pci_acs_has_dwords(f) && f->cap.acs > PCI_CONFIG_BYTES_EXT - ACS_DWORD_BYTES) {
        f->cap.acs = 0; /* its last register does not fit */
    }
    if (f->cap.acs == 0) {
        return;
    }
    f->acs_cap = pci_reader_u16(reader, f->cap.acs + PCI_ACS_CAP);
    f->acs_control =
        pci_reader_u16(reader, f->cap.acs + (pci_acs_has_dwords(f) ? PCI_ACS_CONTROL_DWORD : PCI_ACS_CONTROL));
}

static bool is_port(const struct pci_function *f)
{
    return f->express == PCI_EXPRESS_ROOT_PORT || f->express == PCI_EXPRESS_DOWNSTREAM;
}

uint16_t pci_acs_wanted(const struct pci_function *f)
{
    uint16_t on = PCI_ACS_ISOLATION | (is_port(f) ? PCI_ACS_TRANSLATION_BLOCKING : 0);
    uint16_t off = PCI_ACS_EGRESS_CONTROL | PCI_ACS_DIRECT_TRANSLATED;
    return (uint16_t)((f->acs_control & ~off) | (f->acs_cap & on));
}

/* Upper halves of dwords stay as they are. */
static void write_control(const struct pci_function *f, uint16_t control)
{
    if (pci_acs_has_dwords(f)) {
        uint16_t at = (uint16_t)(f->cap.acs + PCI_ACS_CONTROL_DWORD);
        pci_config_write32(f->at, at, (pci_config_read32(f->at, at) & 0xffff0000) | control);
    } else {
        pci_config_write16(f->at, (uint16_t)(f->cap.acs + PCI_ACS_CONTROL), control);
    }
}

static void enable_one(struct pci_function *f, struct diag_list *diags)
{
    struct pci_reader reader = pci_reader_live(&f->at);
    uint16_t wanted = pci_acs_wanted(f);
    if (wanted != f->acs_control) {
        write_control(f, wanted);
        pci_acs_read(&reader, f);
    }
    if (f->acs_control != wanted) {
        char where[SBDF_TEXT_SIZE];
        diag_add(diags, PCI_DIAG_ACS, DIAG_WARNING, sbdf_text(f->at, where), "",
                 "its ACS control reads 0x%02x after 0x%02x was written: what is below it may share one group",
                 f->acs_control, wanted);
    }
}

size_t pci_acs_enable(struct pci_facts *facts, struct diag_list *diags)
{
    size_t count = 0;
    for (size_t i = 0; i < facts->count; i++) {
        struct pci_function *f = &facts->functions[i];
        if (f->is_vmd_child) {
            continue; /* all have one group, and chipset's registers are not about them */
        }
        if (f->cap.acs != 0) {
            enable_one(f, diags);
        } else if (pci_acs_can_emulate(f)) {
            f->acs_emulated = pci_acs_chipset_enable(f, diags);
        }
        count += f->cap.acs != 0 || f->acs_emulated;
    }
    return count;
}

void pci_acs_block_translated(const struct pci_function *port, bool block)
{
    const uint16_t bit = PCI_ACS_TRANSLATION_BLOCKING;
    if (port->cap.acs != 0 && is_port(port) && (port->acs_cap & bit) != 0) {
        write_control(port, (uint16_t)((port->acs_control & ~bit) | (block ? bit : 0)));
    }
}

void pci_acs_predict(struct pci_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        struct pci_function *f = &facts->functions[i];
        if (f->is_vmd_child) {
            continue;
        }
        if (f->cap.acs != 0) {
            f->acs_control = pci_acs_wanted(f);
        }
        f->acs_emulated = f->cap.acs == 0 && pci_acs_can_emulate(f);
    }
}
