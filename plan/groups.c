/* SPDX-License-Identifier: GPL-2.0-only
 * Groups of a machine's functions. Each rule of Linux's pci_device_group() ties two functions; what is tied, directly
 * or not, is one group. So no order of visits matters, where Linux takes the first group that it meets. */
#include "plan/groups.h"

#include "plan/group_acs.h"
#include "plan/group_quirks.h"
#include "plan/group_set.h"

#define SLOTS 32

/* What is known of a function once those above it are done. */
struct node {
    uint32_t above; /* the bridge above it; of a virtual function, that above its physical one */
    uint32_t taker; /* the nearest bridge above that takes its ids over */
    enum pci_express_type type;
    bool isolates;
    bool path_isolates; /* it and every bridge above it */
    bool hidden;        /* behind a VMD: the endpoint's id stands for it */
    const struct group_quirk *quirk;
};

struct work {
    const struct pci_facts *facts;
    struct node *nodes;
    struct group_set set;
    bool safe; /* with the rules that Linux lacks */
};

static uint32_t find_above(const struct pci_facts *facts, uint32_t index)
{
    const struct pci_function *f = &facts->functions[index];
    uint32_t above = f->is_vf && f->pf < facts->count ? facts->functions[f->pf].parent : f->parent;
    return above < index ? above : PCI_NO_INDEX; /* the contract of parent: every walk upwards ends */
}

static void make_node(struct work *w, uint32_t index)
{
    const struct pci_function *f = &w->facts->functions[index];
    struct node *n = &w->nodes[index];
    n->above = find_above(w->facts, index);
    n->hidden = f->is_vmd_child && f->vmd < w->facts->count;
    const struct node *above = n->above == PCI_NO_INDEX ? NULL : &w->nodes[n->above];
    n->type = group_acs_acts_as(f, above != NULL, above == NULL ? PCI_EXPRESS_NONE : above->type);
    n->taker = above == NULL                                                    ? PCI_NO_INDEX
               : group_acs_bridge_ids(w->facts, n->above) == GROUP_BRIDGE_KEEPS ? above->taker
                                                                                : n->above;
    n->isolates = group_acs_isolates(w->facts, index, n->type, &n->quirk);
    n->path_isolates = n->isolates && (above == NULL || above->path_isolates);
}

/* With the bridge above that takes its ids over or lets it reach its neighbours. A bridge that takes ids over is of one
 * group with the next one like it, so that the nearest is enough; between the two, ports decide nothing. */
static void join_above(struct work *w, uint32_t index)
{
    const struct node *n = &w->nodes[index];
    if (n->hidden) {
        group_set_join(&w->set, index, w->facts->functions[index].vmd, GROUP_VMD);
        return;
    }
    if (n->taker != PCI_NO_INDEX) {
        group_set_join(&w->set, index, n->taker, GROUP_CONVENTIONAL);
    } else if (n->above != PCI_NO_INDEX && !w->nodes[n->above].path_isolates) {
        group_set_join(&w->set, index, n->above, GROUP_BRIDGE);
    }
}

static bool same_bus(const struct pci_function *a, const struct pci_function *b)
{
    return a->at.v >> 8 == b->at.v >> 8;
}

static void join_alias(struct work *w, uint32_t index, unsigned devfn, const struct group_quirk *row)
{
    const struct pci_function *f = &w->facts->functions[index];
    uint32_t other = pci_find_index(w->facts, (struct sbdf){(f->at.v & ~UINT32_C(0xff)) | devfn});
    if (other == index) {
        return;
    }
    if (row != NULL) {
        w->nodes[index].quirk = row;
    }
    if (other != PCI_NO_INDEX) {
        group_set_join(&w->set, index, other, GROUP_ALIAS);
        w->nodes[other].quirk = row != NULL ? row : w->nodes[other].quirk;
    }
}

/* first..end-1 are all functions of one bus. */
static void join_bus_aliases(struct work *w, uint32_t index, uint32_t first, uint32_t end,
                             const struct group_quirk *row)
{
    for (uint32_t i = first; i < end; i++) {
        join_alias(w, index, sbdf_devfn(w->facts->functions[i].at), row);
    }
}

/* A phantom function's number has bits that no real function of the device has (PCIe 6.0 7.5.3.3). */
static void join_phantoms(struct work *w, uint32_t index)
{
    const struct pci_function *f = &w->facts->functions[index];
    for (unsigned high = 1; w->safe && f->phantom_bits != 0 && high < 1u << f->phantom_bits; high++) {
        join_alias(w, index, sbdf_devfn(f->at) | high << (3 - f->phantom_bits), NULL);
    }
}

static void join_aliases(struct work *w, uint32_t index, uint32_t first, uint32_t end)
{
    unsigned devfn = sbdf_devfn(w->facts->functions[index].at);
    const struct group_quirk *row = NULL;
    while ((row = group_quirk_alias(w->facts, index, row)) != NULL) {
        if (row->effect == GROUP_QUIRK_ALIAS_BUS) {
            join_bus_aliases(w, index, first, end, row);
        } else {
            bool own_slot = row->effect == GROUP_QUIRK_ALIAS_FUNCTION;
            join_alias(w, index, own_slot ? (devfn & 0xf8u) | row->value : row->value, row);
        }
    }
    join_phantoms(w, index);
}

/* Functions of one device that let requests pass between them. */
static void join_slots(struct work *w, uint32_t first, uint32_t end)
{
    uint32_t open[SLOTS];
    for (unsigned i = 0; i < SLOTS; i++) {
        open[i] = PCI_NO_INDEX;
    }
    for (uint32_t i = first; i < end; i++) {
        if (w->nodes[i].isolates) {
            continue;
        }
        const struct pci_function *f = &w->facts->functions[i];
        uint32_t *slot = &open[w->safe ? group_acs_device(f) : sbdf_device(f->at)];
        if (*slot == PCI_NO_INDEX) {
            *slot = i;
        } else {
            group_set_join(&w->set, i, *slot, GROUP_MULTIFUNCTION);
        }
    }
}

static bool is_switch_port(const struct work *w, uint32_t index)
{
    uint32_t above = w->nodes[index].above;
    return w->nodes[index].type == PCI_EXPRESS_DOWNSTREAM && above != PCI_NO_INDEX &&
           w->nodes[above].type == PCI_EXPRESS_UPSTREAM;
}

/* What one downstream port of a switch lets pass comes out at any other one, even at those that isolate, since a port
 * checks what comes in from below only. Linux looks at single ports, and so misses this where they are not functions of
 * one device. */
static void join_switch(struct work *w, uint32_t first, uint32_t end)
{
    uint32_t leak = PCI_NO_INDEX;
    for (uint32_t i = first; i < end && leak == PCI_NO_INDEX; i++) {
        leak = is_switch_port(w, i) && !w->nodes[i].isolates ? i : PCI_NO_INDEX;
    }
    for (uint32_t i = first; i < end && leak != PCI_NO_INDEX; i++) {
        if (is_switch_port(w, i)) {
            group_set_join(&w->set, i, leak, GROUP_SWITCH);
            w->nodes[i].path_isolates = false;
        }
    }
}

/* Bus by bus: what is decided about a bus must be known before those below it. */
static void join_all(struct work *w)
{
    const struct pci_function *functions = w->facts->functions;
    uint32_t count = (uint32_t)w->facts->count;
    uint32_t end = 0;
    for (uint32_t first = 0; first < count; first = end) {
        for (end = first; end < count && same_bus(&functions[first], &functions[end]); end++) {
            make_node(w, end);
        }
        for (uint32_t i = first; i < end; i++) {
            join_above(w, i);
        }
        for (uint32_t i = first; i < end; i++) {
            join_aliases(w, i, first, end);
        }
        join_slots(w, first, end);
        if (w->safe) {
            join_switch(w, first, end);
        }
    }
}

/* Groups get their numbers in the order of their first members, which lead their sets. */
static void number_groups(struct work *w, struct groups *out)
{
    for (uint32_t i = 0; i < w->facts->count; i++) {
        uint32_t first = group_set_first(&w->set, i);
        struct group_link why = group_set_why(&w->set, i);
        const struct group_quirk *quirk = w->nodes[i].quirk;
        out->of[i] = (struct group_member){.group = first == i ? (uint32_t)out->count++ : out->of[first].group,
                                           .reason = why.reason,
                                           .via = why.via,
                                           .quirk = quirk == NULL ? NULL : quirk->name};
        out->isolates[i] = w->nodes[i].isolates;
        out->first[out->of[i].group + 1]++;
    }
}

/* By counting: first[] holds sizes, then ends, then starts again. */
static void list_members(const struct work *w, struct groups *out)
{
    for (size_t g = 0; g < out->count; g++) {
        out->first[g + 1] += out->first[g];
    }
    for (uint32_t i = 0; i < w->facts->count; i++) {
        out->members[out->first[out->of[i].group]++] = i;
    }
    for (size_t g = out->count; g > 0; g--) {
        out->first[g] = out->first[g - 1];
    }
    out->first[0] = 0;
}

static enum status make(const struct pci_facts *facts, bool safe, struct arena *arena, struct groups *out)
{
    struct work w = {.facts = facts, .nodes = arena_array(arena, facts->count, sizeof(*w.nodes)), .safe = safe};
    *out = (struct groups){
        .of = arena_array(arena, facts->count, sizeof(*out->of)),
        .members = arena_array(arena, facts->count, sizeof(*out->members)),
        .first = arena_array(arena, facts->count + 1, sizeof(*out->first)),
        .isolates = arena_array(arena, facts->count, sizeof(*out->isolates)),
    };
    if (w.nodes == NULL || out->of == NULL || out->members == NULL || out->first == NULL || out->isolates == NULL ||
        group_set_make(&w.set, facts->count, arena) != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    join_all(&w);
    number_groups(&w, out);
    list_members(&w, out);
    return STATUS_OK;
}

enum status groups_make(const struct pci_facts *facts, struct arena *arena, struct groups *out)
{
    return make(facts, true, arena, out);
}

enum status groups_make_as_linux(const struct pci_facts *facts, struct arena *arena, struct groups *out)
{
    return make(facts, false, arena, out);
}
