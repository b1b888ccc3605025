/* SPDX-License-Identifier: GPL-2.0-only
 * The requester ids that a remapping unit sees from one function (VT-d 4.1 3.4.1; Linux: pci_for_each_dma_alias,
 * set_msi_sid). */
#include "plan/group_acs.h"
#include "plan/group_quirks.h"
#include "plan/groups.h"

/* What bridges make of a function's ids on their way to the root. */
struct way {
    uint32_t origin;  /* the function whose id is the first one: itself, or its VMD endpoint */
    uint32_t topmost; /* the last bridge that takes ids over, or PCI_NO_INDEX */
    enum group_bridge_ids ids;
};

struct sources {
    struct sbdf *out;
    size_t count;
};

static void add(struct sources *s, struct sbdf id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (sbdf_equal(s->out[i], id)) {
            return;
        }
    }
    if (s->count < GROUP_SOURCES_MAX) {
        s->out[s->count++] = id;
    }
}

static uint32_t origin_of(const struct pci_facts *facts, uint32_t function)
{
    const struct pci_function *f = &facts->functions[function];
    return f->is_vmd_child && f->vmd < facts->count ? f->vmd : function;
}

static uint32_t bridge_above(const struct pci_facts *facts, uint32_t function)
{
    const struct pci_function *f = &facts->functions[function];
    uint32_t above = f->is_vf && f->pf < facts->count ? facts->functions[f->pf].parent : f->parent;
    return above < function ? above : PCI_NO_INDEX;
}

static struct sbdf id_from(const struct pci_facts *facts, uint32_t bridge, enum group_bridge_ids ids)
{
    const struct pci_function *f = &facts->functions[bridge];
    return ids == GROUP_BRIDGE_OWN ? f->at : sbdf_make(sbdf_segment(f->at), f->secondary, 0, 0);
}

/* With every id of a bus there are more than fit: it is for the caller to refuse what needs them all. */
static void add_row(struct sources *s, const struct pci_function *f, const struct group_quirk *row)
{
    uint32_t bus = f->at.v & ~UINT32_C(0xff);
    uint32_t own_slot = f->at.v & ~UINT32_C(7);
    if (row->effect == GROUP_QUIRK_ALIAS_FUNCTION) {
        add(s, (struct sbdf){own_slot | row->value});
    } else if (row->effect == GROUP_QUIRK_ALIAS_DEVFN) {
        add(s, (struct sbdf){bus | row->value});
    } else {
        for (unsigned devfn = 0; devfn <= UINT8_MAX; devfn++) {
            add(s, (struct sbdf){bus | devfn});
        }
    }
}

static void add_phantoms(struct sources *s, const struct pci_function *f)
{
    for (unsigned high = 1; f->phantom_bits != 0 && high < 1u << f->phantom_bits; high++) {
        add(s, (struct sbdf){f->at.v | high << (3 - f->phantom_bits)});
    }
}

size_t group_sources(const struct pci_facts *facts, uint32_t function, struct sbdf out[GROUP_SOURCES_MAX])
{
    struct sources s = {.out = out};
    uint32_t origin = origin_of(facts, function);
    const struct pci_function *f = &facts->functions[origin];
    add(&s, f->at);
    for (uint32_t b = bridge_above(facts, origin); b != PCI_NO_INDEX; b = bridge_above(facts, b)) {
        enum group_bridge_ids ids = group_acs_bridge_ids(facts, b);
        if (ids != GROUP_BRIDGE_KEEPS) {
            add(&s, id_from(facts, b, ids));
        }
    }
    add_phantoms(&s, f);
    for (const struct group_quirk *row = NULL; (row = group_quirk_alias(facts, origin, row)) != NULL;) {
        add_row(&s, f, row);
    }
    return s.count;
}

static struct way find_way(const struct pci_facts *facts, uint32_t function)
{
    struct way way = {.origin = origin_of(facts, function), .topmost = PCI_NO_INDEX, .ids = GROUP_BRIDGE_KEEPS};
    for (uint32_t b = bridge_above(facts, way.origin); b != PCI_NO_INDEX; b = bridge_above(facts, b)) {
        enum group_bridge_ids ids = group_acs_bridge_ids(facts, b);
        if (ids != GROUP_BRIDGE_KEEPS) {
            way.topmost = b;
            way.ids = ids;
        }
    }
    return way;
}

static bool is_source(const struct sbdf *sources, size_t count, struct sbdf id)
{
    for (size_t i = 0; i < count; i++) {
        if (sbdf_equal(sources[i], id)) {
            return true;
        }
    }
    return false;
}

/* With aliases or phantom functions, on a bus that has no other function: Linux then lets the bus through, too, but
 * does not look who else is on it. */
static bool has_bus_alone(const struct pci_facts *facts, uint32_t function)
{
    struct sbdf sources[GROUP_SOURCES_MAX];
    size_t count = group_sources(facts, function, sources);
    uint32_t bus = facts->functions[function].at.v >> 8;
    uint32_t first = function;
    while (first > 0 && facts->functions[first - 1].at.v >> 8 == bus) {
        first--;
    }
    for (uint32_t i = first; count > 1 && i < facts->count && facts->functions[i].at.v >> 8 == bus; i++) {
        if (!is_source(sources, count, facts->functions[i].at)) {
            return false;
        }
    }
    return count > 1;
}

static bool sends_with_whole_bus(const struct pci_facts *facts, uint32_t function)
{
    for (const struct group_quirk *row = NULL; (row = group_quirk_alias(facts, function, row)) != NULL;) {
        if (row->effect == GROUP_QUIRK_ALIAS_BUS) {
            return true;
        }
    }
    return false;
}

bool group_interrupt_buses(const struct pci_facts *facts, uint32_t function, uint8_t *first, uint8_t *last)
{
    struct way way = find_way(facts, function);
    uint8_t own = sbdf_bus(facts->functions[way.origin].at);
    if (way.ids == GROUP_BRIDGE_SECONDARY) {
        *first = facts->functions[way.topmost].secondary;
        *last = own;
        return *first <= own;
    }
    *first = *last = own;
    return way.topmost == PCI_NO_INDEX && (sends_with_whole_bus(facts, way.origin) || has_bus_alone(facts, way.origin));
}

struct sbdf group_interrupt_source(const struct pci_facts *facts, uint32_t function)
{
    struct way way = find_way(facts, function);
    return way.ids == GROUP_BRIDGE_OWN ? id_from(facts, way.topmost, way.ids) : facts->functions[way.origin].at;
}
