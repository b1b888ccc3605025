/* SPDX-License-Identifier: GPL-2.0-only
 * Access Control Services as decisions. */
#include "plan/group_acs.h"

#include "drivers/pci_acs.h"

static bool numbers_by_ari(const struct pci_function *f)
{
    return f->cap.ari != 0 && !f->is_vf && f->parent != PCI_NO_INDEX &&
           (f->express == PCI_EXPRESS_ENDPOINT || f->express == PCI_EXPRESS_LEGACY_ENDPOINT);
}

unsigned group_acs_device(const struct pci_function *f)
{
    return numbers_by_ari(f) ? 0 : sbdf_device(f->at);
}

bool group_acs_is_multifunction(const struct pci_function *f)
{
    bool is_first = numbers_by_ari(f) ? sbdf_devfn(f->at) == 0 : sbdf_function(f->at) == 0;
    return !f->is_vf && (f->multifunction || !is_first);
}

static bool forwards_down(enum pci_express_type type)
{
    return type == PCI_EXPRESS_ROOT_PORT || type == PCI_EXPRESS_DOWNSTREAM || type == PCI_EXPRESS_FROM_PCI;
}

enum pci_express_type group_acs_acts_as(const struct pci_function *f, bool has_above, enum pci_express_type above)
{
    if (has_above && f->express == PCI_EXPRESS_DOWNSTREAM && forwards_down(above)) {
        return PCI_EXPRESS_UPSTREAM;
    }
    if (has_above && f->express == PCI_EXPRESS_UPSTREAM && above == PCI_EXPRESS_UPSTREAM) {
        return PCI_EXPRESS_DOWNSTREAM;
    }
    return f->express;
}

/* What it does not implement, it need not: only Egress Control may be missing and still be asked for. */
static bool all_on(const struct pci_function *f)
{
    uint16_t needed = PCI_ACS_ISOLATION & (f->acs_cap | PCI_ACS_EGRESS_CONTROL);
    return f->cap.acs != 0 && (f->acs_control & needed) == needed;
}

static bool isolates_by_registers(const struct pci_function *f, enum pci_express_type type)
{
    switch (type) {
    case PCI_EXPRESS_NONE:
    case PCI_EXPRESS_TO_PCI:
    case PCI_EXPRESS_FROM_PCI:
    case PCI_EXPRESS_RC_COLLECTOR:
        return false;
    case PCI_EXPRESS_ROOT_PORT:
    case PCI_EXPRESS_DOWNSTREAM:
        return all_on(f);
    case PCI_EXPRESS_ENDPOINT:
    case PCI_EXPRESS_LEGACY_ENDPOINT:
    case PCI_EXPRESS_UPSTREAM:
    case PCI_EXPRESS_RC_ENDPOINT:
        return !group_acs_is_multifunction(f) || all_on(f);
    }
    return true;
}

static bool isolates_by_row(const struct pci_function *f, const struct group_quirk *row, bool otherwise)
{
    switch (row->effect) {
    case GROUP_QUIRK_ISOLATES:
        return true;
    case GROUP_QUIRK_LEAKS:
        return false;
    case GROUP_QUIRK_EMULATES:
        return f->acs_emulated;
    default:
        return otherwise;
    }
}

bool group_acs_isolates(const struct pci_facts *facts, uint32_t function, enum pci_express_type type,
                        const struct group_quirk **quirk)
{
    const struct pci_function *f = &facts->functions[function];
    const struct group_quirk *row = group_quirk_acs(facts, function);
    bool plain = isolates_by_registers(f, type);
    bool isolates = row == NULL ? plain : isolates_by_row(f, row, plain);
    bool told = row != NULL && (isolates != plain || row->effect == GROUP_QUIRK_DWORD);
    *quirk = told ? row : NULL;
    return isolates;
}

enum group_bridge_ids group_acs_bridge_ids(const struct pci_facts *facts, uint32_t bridge)
{
    const struct pci_function *f = &facts->functions[bridge];
    switch (f->express) {
    case PCI_EXPRESS_TO_PCI:
        return GROUP_BRIDGE_SECONDARY;
    case PCI_EXPRESS_FROM_PCI:
        return GROUP_BRIDGE_OWN;
    case PCI_EXPRESS_NONE:
        return group_quirk_takes_over(facts, bridge) != NULL ? GROUP_BRIDGE_SECONDARY : GROUP_BRIDGE_OWN;
    default:
        return GROUP_BRIDGE_KEEPS;
    }
}
