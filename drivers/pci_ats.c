/* SPDX-License-Identifier: GPL-2.0-only
 * ATS on and off (PCIe 6.0 10.5.1, 6.12.1.1). */
#include "drivers/pci_ats.h"

#include "drivers/pci_acs.h"
#include "drivers/pci_regs.h"

#define GONE UINT16_MAX /* what a function that does not answer reads as */

static uint16_t control_at(const struct pci_function *f)
{
    return (uint16_t)(f->cap.ats + PCI_ATS_CONTROL);
}

static bool is_on(const struct pci_function *f)
{
    uint16_t control = f->cap.ats == 0 ? 0 : pci_config_read16(f->at, control_at(f));
    return control != GONE && (control & PCI_ATS_ENABLE) != 0;
}

static bool is_below(const struct pci_facts *facts, const struct pci_function *f, const struct pci_function *port)
{
    const struct pci_function *above = pci_parent(facts, f);
    while (above != NULL && above != port) {
        above = pci_parent(facts, above);
    }
    return above != NULL;
}

static bool is_needed(const struct pci_facts *facts, const struct pci_function *port)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (is_on(&facts->functions[i]) && is_below(facts, &facts->functions[i], port)) {
            return true;
        }
    }
    return false;
}

/* Translation Blocking of every port above f. */
static void block_translated(const struct pci_facts *facts, const struct pci_function *f, bool block)
{
    for (const struct pci_function *port = pci_parent(facts, f); port != NULL; port = pci_parent(facts, port)) {
        if (!block || !is_needed(facts, port)) {
            pci_acs_block_translated(port, block);
        }
    }
}

uint8_t pci_ats_depth(const struct pci_function *f)
{
    return pci_config_read16(f->at, (uint16_t)(f->cap.ats + PCI_ATS_CAP)) & PCI_ATS_DEPTH;
}

enum status pci_ats_enable(const struct pci_facts *facts, const struct pci_function *f)
{
    if (f->cap.ats == 0) {
        return STATUS_NOT_FOUND;
    }
    block_translated(facts, f, false);
    pci_config_write16(f->at, control_at(f), 0); /* STU may change only while it is off */
    pci_config_write16(f->at, control_at(f), PCI_ATS_ENABLE);
    if ((pci_config_read16(f->at, control_at(f)) & (PCI_ATS_ENABLE | PCI_ATS_STU)) == PCI_ATS_ENABLE) {
        return STATUS_OK;
    }
    enum status off = pci_ats_disable(facts, f);
    return off == STATUS_OK ? STATUS_HARDWARE : off;
}

enum status pci_ats_disable(const struct pci_facts *facts, const struct pci_function *f)
{
    if (is_on(f)) {
        pci_config_write16(f->at, control_at(f), 0);
    }
    if (is_on(f)) {
        return STATUS_HARDWARE;
    }
    block_translated(facts, f, true);
    return STATUS_OK;
}
