/* SPDX-License-Identifier: GPL-2.0-only
 * Which unit covers what (VT-d 4.1 8.3.1). */
#include "vtd/scope.h"

/* How closely a scope names a function. Behind a bridge it is the bridge's secondary bus: of nested bridges the inner
 * one has the higher secondary bus. */
enum closeness {
    CLOSENESS_NONE = -1,
    CLOSENESS_ITSELF = 256,
};

enum status scope_resolve(const struct dmar_scope *scope, uint16_t segment, const struct scope_bus_view *view,
                          struct sbdf *at)
{
    uint8_t bus = scope->bus;
    for (size_t i = 0; i < scope->hop_count; i++) {
        const struct dmar_hop *hop = &scope->hops[i];
        if (hop->device > 31 || hop->function > 7) {
            return STATUS_NOT_FOUND;
        }
        *at = sbdf_make(segment, bus, hop->device, hop->function);
        uint8_t subordinate = 0;
        bool last = i + 1 == scope->hop_count;
        if (!last && view->secondary(view->context, *at, &bus, &subordinate) != STATUS_OK) {
            return STATUS_NOT_FOUND;
        }
    }
    return scope->hop_count != 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

static int closeness(const struct dmar_scope *scope, uint16_t segment, const struct scope_bus_view *view,
                     struct sbdf function)
{
    struct sbdf named;
    bool pci = scope->type == DMAR_SCOPE_ENDPOINT || scope->type == DMAR_SCOPE_BRIDGE;
    if (!pci || sbdf_segment(function) != segment || scope_resolve(scope, segment, view, &named) != STATUS_OK) {
        return CLOSENESS_NONE;
    }
    if (sbdf_equal(named, function)) {
        return CLOSENESS_ITSELF;
    }
    uint8_t secondary = 0;
    uint8_t subordinate = 0;
    if (scope->type != DMAR_SCOPE_BRIDGE ||
        view->secondary(view->context, named, &secondary, &subordinate) != STATUS_OK) {
        return CLOSENESS_NONE;
    }
    /* A bridge that firmware left unnumbered has secondary 0: no bus is behind it, least of all bus 0. */
    bool behind = secondary != 0 && sbdf_bus(function) >= secondary && sbdf_bus(function) <= subordinate;
    return behind ? secondary : CLOSENESS_NONE;
}

static int closest(const struct dmar_scopes *scopes, uint16_t segment, const struct scope_bus_view *view,
                   struct sbdf function)
{
    int best = CLOSENESS_NONE;
    for (size_t i = 0; i < scopes->count; i++) {
        int this_one = closeness(&scopes->items[i], segment, view, function);
        best = this_one > best ? this_one : best;
    }
    return best;
}

bool scope_names(const struct dmar_scopes *scopes, uint16_t segment, const struct scope_bus_view *view,
                 struct sbdf function)
{
    return closest(scopes, segment, view, function) != CLOSENESS_NONE;
}

static enum status include_all_of(const struct dmar *dmar, uint16_t segment, size_t *unit)
{
    for (size_t i = 0; i < dmar->unit_count; i++) {
        if (dmar->units[i].include_all && dmar->units[i].segment == segment) {
            *unit = dmar->units[i].same_as;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

enum status scope_unit_of(const struct dmar *dmar, const struct scope_bus_view *view, struct sbdf function,
                          size_t *unit)
{
    int best = CLOSENESS_NONE;
    for (size_t i = 0; i < dmar->unit_count; i++) {
        const struct dmar_unit *u = &dmar->units[i];
        int this_one = closest(&u->scopes, u->segment, view, function);
        if (this_one > best) {
            best = this_one;
            *unit = u->same_as;
        }
    }
    return best != CLOSENESS_NONE ? STATUS_OK : include_all_of(dmar, sbdf_segment(function), unit);
}

enum status scope_unit_of_id(const struct dmar *dmar, const struct scope_bus_view *view, enum dmar_scope_type type,
                             uint8_t enumeration_id, size_t *unit, struct sbdf *source)
{
    for (size_t i = 0; i < dmar->unit_count; i++) {
        const struct dmar_unit *u = &dmar->units[i];
        for (size_t s = 0; s < u->scopes.count; s++) {
            const struct dmar_scope *scope = &u->scopes.items[s];
            bool named = scope->type == type && scope->enumeration_id == enumeration_id;
            if (named && scope_resolve(scope, u->segment, view, source) == STATUS_OK) {
                *unit = u->same_as;
                return STATUS_OK;
            }
        }
    }
    return STATUS_NOT_FOUND;
}
