/* SPDX-License-Identifier: GPL-2.0-only
 * Which unit covers which function: every scope is followed once, and paints what it names. */
#include "plan/plan_units.h"

#include "vtd/scope.h"

/* How closely the unit so far names the function: 0 not, 1 + secondary bus of the bridge above, ITSELF. */
#define ITSELF 257

struct painting {
    const struct machine *m;
    uint32_t *unit_of;
    uint16_t *closeness;
};

/* The first function at or above that address. */
static uint32_t lower_bound(const struct pci_facts *pci, uint64_t address)
{
    uint32_t low = 0;
    uint32_t high = (uint32_t)pci->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (pci->functions[middle].at.v < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void plan_units_on_buses(const struct pci_facts *pci, uint16_t segment, uint8_t first, uint8_t last, uint32_t *begin,
                         uint32_t *end)
{
    *begin = lower_bound(pci, sbdf_make(segment, first, 0, 0).v);
    *end = lower_bound(pci, (uint64_t)sbdf_make(segment, last, 31, 7).v + 1);
}

static void paint(const struct painting *p, uint32_t function, uint16_t closeness, uint32_t unit)
{
    if (closeness > p->closeness[function]) {
        p->closeness[function] = closeness;
        p->unit_of[function] = unit;
    } else if (closeness == p->closeness[function] && p->unit_of[function] != unit) {
        p->unit_of[function] = PLAN_NO_UNIT;
    }
}

static void paint_scope(const struct painting *p, const struct dmar_unit *u, const struct dmar_scope *scope)
{
    const struct pci_facts *pci = &p->m->pci;
    struct scope_bus_view view = machine_bus_view(p->m);
    struct sbdf named;
    uint32_t unit = (uint32_t)u->same_as;
    bool names_pci = scope->type == DMAR_SCOPE_ENDPOINT || scope->type == DMAR_SCOPE_BRIDGE;
    if (!names_pci || scope_resolve(scope, u->segment, &view, &named) != STATUS_OK) {
        return;
    }
    uint32_t index = pci_find_index(pci, named);
    if (index == PCI_NO_INDEX) {
        return;
    }
    paint(p, index, ITSELF, unit);
    const struct pci_function *bridge = &pci->functions[index];
    if (scope->type != DMAR_SCOPE_BRIDGE || !bridge->bridge || bridge->secondary == 0) {
        return;
    }
    uint32_t begin, end;
    plan_units_on_buses(pci, sbdf_segment(named), bridge->secondary, bridge->subordinate, &begin, &end);
    for (uint32_t i = begin; i < end; i++) {
        paint(p, i, (uint16_t)(1 + bridge->secondary), unit);
    }
}

/* Functions that no scope names belong to their segment's INCLUDE_ALL. */
static void paint_rest(const struct painting *p)
{
    const struct pci_facts *pci = &p->m->pci;
    for (size_t u = 0; u < p->m->dmar.unit_count; u++) {
        const struct dmar_unit *unit = &p->m->dmar.units[u];
        if (!unit->include_all) {
            continue;
        }
        uint32_t begin, end;
        plan_units_on_buses(pci, unit->segment, 0, UINT8_MAX, &begin, &end);
        for (uint32_t i = begin; i < end; i++) {
            if (p->closeness[i] == 0) {
                paint(p, i, 1, (uint32_t)unit->same_as);
            }
        }
    }
}

enum status plan_units_make(const struct machine *m, struct arena *arena, const uint32_t **unit_of)
{
    const struct pci_facts *pci = &m->pci;
    uint32_t *units = arena_array(arena, pci->count, sizeof(*units));
    struct painting p = {.m = m, .unit_of = units};
    struct arena scratch = *arena;
    p.closeness = arena_array(&scratch, pci->count, sizeof(*p.closeness));
    if (units == NULL || p.closeness == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < pci->count; i++) {
        units[i] = PLAN_NO_UNIT;
        p.closeness[i] = 0;
    }
    for (size_t u = 0; m->has_dmar && u < m->dmar.unit_count; u++) {
        const struct dmar_unit *unit = &m->dmar.units[u];
        for (size_t s = 0; s < unit->scopes.count; s++) {
            paint_scope(&p, unit, &unit->scopes.items[s]);
        }
    }
    if (m->has_dmar) {
        paint_rest(&p);
    }
    for (uint32_t i = 0; i < pci->count; i++) {
        uint32_t speaker = machine_speaker_of(m, i);
        units[i] = speaker != PCI_NO_INDEX ? units[speaker] : PLAN_NO_UNIT;
    }
    *unit_of = units;
    return STATUS_OK;
}
