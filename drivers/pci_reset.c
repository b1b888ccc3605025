/* SPDX-License-Identifier: GPL-2.0-only
 * Which resets a function has. */
#include "drivers/pci_reset.h"

const char *pci_reset_text(enum pci_reset_kind kind)
{
    static const char *const text[] = {"none", "flr", "af-flr", "d3d0", "bus"};
    return text[kind];
}

bool pci_reset_possible(const struct pci_function *f, enum pci_reset_kind kind)
{
    switch (kind) {
    case PCI_RESET_FLR:
        return f->has_flr;
    case PCI_RESET_AF:
        return f->has_af_flr;
    case PCI_RESET_D3:
        return f->cap.pm != 0 && !f->no_soft_reset;
    case PCI_RESET_BUS:
        return f->parent != PCI_NO_INDEX && !f->is_vf; /* that would be the end of a VF, not a reset */
    case PCI_RESET_NONE:
        break;
    }
    return false;
}

bool pci_reset_is_behind(const struct pci_facts *facts, const struct pci_function *f, const struct pci_function *bridge)
{
    for (f = pci_parent(facts, f); f != NULL; f = pci_parent(facts, f)) {
        if (f == bridge) {
            return true;
        }
    }
    return false;
}

static bool contains(const uint32_t *members, size_t count, uint32_t index)
{
    for (size_t i = 0; i < count; i++) {
        if (members[i] == index) {
            return true;
        }
    }
    return false;
}

bool pci_reset_bus_alone(const struct pci_facts *facts, const struct pci_function *f, const uint32_t *members,
                         size_t count)
{
    const struct pci_function *bridge = pci_parent(facts, f);
    if (bridge == NULL || bridge->header != 1) {
        return false;
    }
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct pci_function *other = &facts->functions[i];
        if (!other->bridge && pci_reset_is_behind(facts, other, bridge) && !contains(members, count, i)) {
            return false;
        }
    }
    return true;
}

enum pci_reset_kind pci_reset_method(const struct pci_function *f, bool bus_alone)
{
    static const enum pci_reset_kind order[] = {PCI_RESET_FLR, PCI_RESET_AF, PCI_RESET_D3};
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++) {
        if (pci_reset_possible(f, order[i])) {
            return order[i];
        }
    }
    return bus_alone && pci_reset_possible(f, PCI_RESET_BUS) ? PCI_RESET_BUS : PCI_RESET_NONE;
}
