/* SPDX-License-Identifier: GPL-2.0-only
 * Linking functions to the bridges above them, and finding bus numbers that make no sense (PCI-to-PCI Bridge 1.2
 * 3.2.5.3-5). A good bridge leads to a higher bus than its own, so that links never form a loop. */
#include "drivers/pci.h"
#include "drivers/pci_diag.h"

#define FIX "set the bridge's bus numbers in firmware setup or update the firmware; nothing behind it is assignable"

static bool same_segment(const struct pci_function *a, const struct pci_function *b)
{
    return sbdf_segment(a->at) == sbdf_segment(b->at);
}

static bool is_unset(const struct pci_function *bridge)
{
    return bridge->secondary == 0 && bridge->subordinate == 0;
}

static bool is_usable(const struct pci_function *f)
{
    return f->bridge && !is_unset(f) && (f->blocked & PCI_BLOCKED_BRIDGE_PATH) == 0;
}

/* No configuration cycle for its own bus or a lower one reaches a bridge, whatever its registers say. */
static bool claims(const struct pci_function *bridge, unsigned bus)
{
    return bridge->bridge && !is_unset(bridge) && bus > sbdf_bus(bridge->at) &&
           (bus == bridge->secondary || (bus > bridge->secondary && bus <= bridge->subordinate));
}

static void check_numbers(struct pci_function *f, struct diag_list *diag)
{
    char where[SBDF_TEXT_SIZE];
    sbdf_text(f->at, where);
    if (is_unset(f)) {
        diag_add(diag, PCI_DIAG_BRIDGE_UNSET, DIAG_NOTE, where, "",
                 "firmware gave this bridge no bus; nothing is behind it");
        return;
    }
    if (f->secondary <= sbdf_bus(f->at) || f->subordinate < f->secondary) {
        f->blocked |= PCI_BLOCKED_BRIDGE_PATH;
        diag_add(diag, PCI_DIAG_BRIDGE_BUSES, DIAG_WARNING, where, FIX,
                 "bridge on bus %02x claims buses %02x-%02x, which makes no sense", sbdf_bus(f->at), f->secondary,
                 f->subordinate);
        return;
    }
    if (f->primary != sbdf_bus(f->at)) {
        diag_add(diag, PCI_DIAG_BRIDGE_PRIMARY, DIAG_NOTE, where, "", "primary bus number is %02x on bus %02x",
                 f->primary, sbdf_bus(f->at));
    }
}

/* inner hangs below outer and claims a part of what outer claims beyond its own secondary bus. */
static bool nests(const struct pci_function *outer, const struct pci_function *inner)
{
    return sbdf_bus(inner->at) > sbdf_bus(outer->at) && sbdf_bus(inner->at) >= outer->secondary &&
           sbdf_bus(inner->at) <= outer->subordinate && inner->secondary > outer->secondary &&
           inner->subordinate <= outer->subordinate;
}

/* a comes before b in address order, so that only b can hang below a. */
static bool clash(const struct pci_function *a, const struct pci_function *b)
{
    return same_segment(a, b) && a->secondary <= b->subordinate && b->secondary <= a->subordinate && !nests(a, b);
}

/* Both bridges of a clash go bad, whichever is found first: collected before any is marked. */
static void check_overlaps(struct pci_facts *facts, size_t first, struct diag_list *diag)
{
    for (size_t i = first; i < facts->count; i++) {
        struct pci_function *a = &facts->functions[i];
        if (!a->bridge || is_unset(a) || a->subordinate < a->secondary) {
            continue;
        }
        for (size_t j = i + 1; j < facts->count && same_segment(a, &facts->functions[j]); j++) {
            struct pci_function *b = &facts->functions[j];
            if (!b->bridge || is_unset(b) || b->subordinate < b->secondary || !clash(a, b)) {
                continue;
            }
            char where[SBDF_TEXT_SIZE];
            char other[SBDF_TEXT_SIZE];
            a->blocked |= PCI_BLOCKED_BRIDGE_PATH;
            b->blocked |= PCI_BLOCKED_BRIDGE_PATH;
            diag_add(diag, PCI_DIAG_BRIDGE_OVERLAP, DIAG_WARNING, sbdf_text(a->at, where), FIX,
                     "claims buses %02x-%02x, and bridge %s claims %02x-%02x", a->secondary, a->subordinate,
                     sbdf_text(b->at, other), b->secondary, b->subordinate);
        }
    }
}

static uint32_t find_parent(const struct pci_facts *facts, uint32_t index)
{
    const struct pci_function *f = &facts->functions[index];
    for (uint32_t i = index; i-- > 0 && same_segment(f, &facts->functions[i]);) {
        const struct pci_function *bridge = &facts->functions[i];
        if (is_usable(bridge) && bridge->secondary == sbdf_bus(f->at)) {
            return i;
        }
    }
    return PCI_NO_INDEX;
}

/* The first bridge, good or bad, that claims f's bus though none leads there. */
static const struct pci_function *find_claimer(const struct pci_facts *facts, const struct pci_function *f)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct pci_function *bridge = &facts->functions[i];
        if (bridge != f && same_segment(f, bridge) && claims(bridge, sbdf_bus(f->at))) {
            return bridge;
        }
    }
    return NULL;
}

static void link_one(struct pci_facts *facts, uint32_t index, struct diag_list *diag)
{
    struct pci_function *f = &facts->functions[index];
    bool same_bus = index > 0 && same_segment(f, f - 1) && sbdf_bus(f->at) == sbdf_bus((f - 1)->at);
    f->parent = same_bus ? (f - 1)->parent : find_parent(facts, index);
    const struct pci_function *parent = pci_parent(facts, f);
    if (parent != NULL) {
        f->blocked |= parent->blocked & PCI_BLOCKED_BRIDGE_PATH;
        return;
    }
    const struct pci_function *claimer = find_claimer(facts, f);
    if (claimer == NULL) {
        return; /* on a root bus */
    }
    f->blocked |= PCI_BLOCKED_BRIDGE_PATH;
    if ((claimer->blocked & PCI_BLOCKED_BRIDGE_PATH) == 0) {
        char where[SBDF_TEXT_SIZE];
        char other[SBDF_TEXT_SIZE];
        diag_add(diag, PCI_DIAG_BUS_ORPHAN, DIAG_WARNING, sbdf_text(f->at, where), FIX,
                 "bus %02x lies in the range of bridge %s, but no bridge leads to it", sbdf_bus(f->at),
                 sbdf_text(claimer->at, other));
    }
}

void pci_tree_link_from(struct pci_facts *facts, size_t first, struct diag_list *diag)
{
    for (size_t i = first; i < facts->count; i++) {
        if (facts->functions[i].bridge) {
            check_numbers(&facts->functions[i], diag);
        }
    }
    check_overlaps(facts, first, diag);
    /* In address order every parent comes before its children. */
    for (uint32_t i = (uint32_t)first; i < facts->count; i++) {
        link_one(facts, i, diag);
    }
}

void pci_tree_link(struct pci_facts *facts, struct diag_list *diag)
{
    pci_tree_link_from(facts, 0, diag);
}
