/* SPDX-License-Identifier: GPL-2.0-only
 * Which functions firmware reserves memory for. */
#include "plan/plan_reserved.h"

#include "plan/plan_units.h"
#include "vtd/scope.h"

struct collector {
    const struct plan_work *w;
    struct plan_reserved_use *out; /* NULL: only count */
    size_t count;
};

static void add(struct collector *c, uint32_t function, uint32_t rmrr)
{
    if (c->w->pci->functions[function].bridge) {
        return;
    }
    if (c->out != NULL) {
        c->out[c->count] = (struct plan_reserved_use){function, rmrr};
    }
    c->count++;
}

static void follow(struct collector *c, const struct dmar_scope *scope, uint32_t rmrr)
{
    const struct machine *m = c->w->m;
    struct scope_bus_view view = machine_bus_view(m);
    struct sbdf named;
    bool names_pci = scope->type == DMAR_SCOPE_ENDPOINT || scope->type == DMAR_SCOPE_BRIDGE;
    if (!names_pci || scope_resolve(scope, m->dmar.rmrrs[rmrr].segment, &view, &named) != STATUS_OK) {
        return;
    }
    uint32_t index = pci_find_index(&m->pci, named);
    if (index == PCI_NO_INDEX) {
        return;
    }
    add(c, index, rmrr);
    const struct pci_function *bridge = &m->pci.functions[index];
    if (scope->type == DMAR_SCOPE_BRIDGE && bridge->bridge && bridge->secondary != 0) {
        uint32_t begin, end;
        plan_units_on_buses(&m->pci, sbdf_segment(named), bridge->secondary, bridge->subordinate, &begin, &end);
        for (uint32_t i = begin; i < end; i++) {
            add(c, i, rmrr);
        }
    }
}

static size_t collect(const struct plan_work *w, struct plan_reserved_use *out)
{
    struct collector c = {.w = w, .out = out};
    for (uint32_t r = 0; w->m->has_dmar && r < w->m->dmar.rmrr_count; r++) {
        const struct dmar_scopes *scopes = &w->m->dmar.rmrrs[r].scopes;
        for (size_t s = 0; s < scopes->count; s++) {
            follow(&c, &scopes->items[s], r);
        }
    }
    return c.count;
}

static uint64_t key(const struct plan_reserved_use *u, bool by_function)
{
    return by_function ? (uint64_t)u->function << 32 | u->rmrr : (uint64_t)u->rmrr << 32 | u->function;
}

/* Shell sort, then every pair once. Returns how many are left. */
static size_t sort(struct plan_reserved_use *items, size_t count, bool by_function)
{
    size_t gap = 1;
    while (gap < count / 3) {
        gap = 3 * gap + 1;
    }
    for (; gap > 0; gap /= 3) {
        for (size_t i = gap; i < count; i++) {
            struct plan_reserved_use moving = items[i];
            size_t j = i;
            for (; j >= gap && key(&moving, by_function) < key(&items[j - gap], by_function); j -= gap) {
                items[j] = items[j - gap];
            }
            items[j] = moving;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || key(&items[i], true) != key(&items[kept - 1], true)) {
            items[kept++] = items[i];
        }
    }
    return kept;
}

/* What speaks against mapping it, whoever asks. */
static const char *why_bad(const struct plan_work *w, const struct dmar_rmrr *r)
{
    uint64_t end = 0;
    if (r->size == 0 || __builtin_add_overflow(r->start, r->size, &end)) {
        return "an impossible range";
    }
    const char *platform = plan_extents_platform(w->m, r->start, r->size);
    return platform == NULL && plan_extents_overlap(&w->extents, r->start, end) ? "registers of a device" : platform;
}

enum status plan_reserved_make(struct plan_work *w)
{
    size_t rmrrs = w->m->has_dmar ? w->m->dmar.rmrr_count : 0;
    size_t count = collect(w, NULL);
    struct plan_reserved_uses *uses = arena_array(w->arena, 1, sizeof(*uses));
    if (uses == NULL) {
        return STATUS_NO_MEMORY;
    }
    uses->by_function = arena_array(w->arena, count, sizeof(*uses->by_function));
    uses->by_region = arena_array(w->arena, count, sizeof(*uses->by_region));
    uses->regions = arena_array(w->arena, rmrrs, sizeof(*uses->regions));
    if (uses->by_function == NULL || uses->by_region == NULL || uses->regions == NULL) {
        return STATUS_NO_MEMORY;
    }
    collect(w, uses->by_function);
    collect(w, uses->by_region);
    uses->count = sort(uses->by_function, count, true);
    uses->count = sort(uses->by_region, count, false);
    for (uint32_t i = 0; i < uses->count; i++) {
        struct plan_reserved_region *region = &uses->regions[uses->by_region[i].rmrr];
        region->first_use = region->use_count == 0 ? i : region->first_use;
        region->use_count++;
    }
    for (size_t r = 0; r < rmrrs; r++) {
        uses->regions[r].guest = PLAN_NO_GUEST;
        uses->regions[r].why_bad = why_bad(w, &w->m->dmar.rmrrs[r]);
    }
    w->reserved = uses;
    return STATUS_OK;
}
