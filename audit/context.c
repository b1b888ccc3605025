/* SPDX-License-Identifier: GPL-2.0-only
 * Context entries against source ids. */
#include "audit/context.h"

#include "audit/lookup.h"
#include "kernel/lib/bits.h"

#define BUSES 256u
#define FUNCTIONS 256u /* of a bus: entries of a context table */
#define WORDS 2u       /* of an entry of either table */

#define PRESENT BIT64(0)
#define ROOT_RESERVED_LOW MASK64(11, 1)
#define ADDRESS_MASK MASK64(63, 12)
#define CONTEXT_RESERVED_LOW MASK64(11, 4)
#define CONTEXT_RESERVED_HIGH (MASK64(63, 24) | BIT64(7)) /* 6:3 are software's */

static struct audit_finding finding_at(const struct audit_unit_state *u, enum audit_code code, uint16_t rid)
{
    struct audit_finding f = audit_finding_of(code);
    f.unit = u->index;
    f.has_source = true;
    f.source = rid;
    return f;
}

static void found(struct audit_state *s, const struct audit_unit_state *u, enum audit_code code, uint16_t rid,
                  uint32_t owner, uint64_t value)
{
    struct audit_finding f = finding_at(u, code, rid);
    f.owner = owner;
    f.value = value;
    audit_found(s, &f);
}

static uint64_t too_wide(const struct audit_state *s)
{
    return MASK64(63, s->facts->address_bits);
}

/* What all units that use a tree can do, its walker has to say. */
static void narrow(struct audit_walker *w, const struct audit_walker *unit)
{
    w->leaf2 = w->leaf2 && unit->leaf2;
    w->leaf3 = w->leaf3 && unit->leaf3;
    w->snoop = w->snoop && unit->snoop;
    w->transient = w->transient && unit->transient;
}

static void add_tree(struct audit_state *s, const struct audit_unit_state *u, const struct audit_tree *tree)
{
    bool fresh = false;
    uint64_t *index = audit_map_at(&s->map, tree->root | AUDIT_TAG_TREE, &fresh);
    if (index == NULL || s->tree_count == s->facts->source_count) {
        found(s, u, AUDIT_SCRATCH, tree->source, tree->owner, tree->root);
        return;
    }
    if (fresh) {
        *index = s->tree_count;
        s->trees[s->tree_count++] = *tree;
        return;
    }
    struct audit_tree *known = &s->trees[*index];
    if (known->owner != tree->owner || known->levels != tree->levels) {
        struct audit_finding f = finding_at(u, AUDIT_TREE_SHARED, tree->source);
        f.owner = tree->owner;
        f.other = known->owner;
        f.value = tree->root;
        audit_found(s, &f);
    }
    narrow(&known->walker, &tree->walker);
}

/* Cached translations are told apart by domain id alone (6.2.2.1): one table for each, within a unit. */
static void check_domain(struct audit_state *s, const struct audit_unit_state *u, const struct audit_tree *tree,
                         unsigned id)
{
    bool fresh = false;
    uint64_t *root = audit_map_at(&s->map, (uint64_t)u->index << 32 | (uint64_t)id << 4 | AUDIT_TAG_DOMAIN, &fresh);
    if (root == NULL) {
        found(s, u, AUDIT_SCRATCH, tree->source, tree->owner, id);
        return;
    }
    *root = fresh ? tree->root : *root;
    if (id >= u->domains || (id == 0 && u->caching) || *root != tree->root) {
        found(s, u, AUDIT_DOMAIN_ID, tree->source, tree->owner, id);
    }
}

static bool width_is_possible(const struct audit_unit_state *u, unsigned width)
{
    return width >= 1 && width <= 3 && (u->widths & (1u << width)) != 0;
}

static void check_present(struct audit_state *s, const struct audit_unit_state *u, const struct audit_source *source,
                          const uint64_t entry[WORDS])
{
    uint16_t rid = source->rid;
    uint32_t owner = source->owner;
    if ((entry[0] & (CONTEXT_RESERVED_LOW | too_wide(s))) != 0 || (entry[1] & CONTEXT_RESERVED_HIGH) != 0) {
        found(s, u, AUDIT_CONTEXT_RESERVED, rid, owner, (entry[0] & CONTEXT_RESERVED_LOW) | entry[1]);
    }
    unsigned type = (unsigned)bits_get(entry[0], 3, 2), width = (unsigned)bits_get(entry[1], 2, 0);
    unsigned id = (unsigned)bits_get(entry[1], 23, 8);
    if (type != 0 && !(type == 1 && source->device_tlb)) {
        found(s, u, AUDIT_CONTEXT_TYPE, rid, owner, type);
    }
    if (!width_is_possible(u, width)) {
        found(s, u, AUDIT_CONTEXT_WIDTH, rid, owner, width);
        return;
    }
    const struct audit_tree tree = {.root = entry[0] & ADDRESS_MASK,
                                    .owner = owner,
                                    .unit = u->index,
                                    .source = rid,
                                    .levels = width + 2,
                                    .walker = u->walker};
    check_domain(s, u, &tree, id);
    add_tree(s, u, &tree);
    if (s->out != NULL) {
        audit_line(s->out, "audit: source=%04x:%02x:%02x.%x unit=0x%llx guest=%s domain=%u levels=%u table=0x%llx",
                   s->facts->units[u->index].segment, rid >> 8, rid >> 3 & 0x1f, rid & 7,
                   (unsigned long long)s->facts->units[u->index].base, audit_owner_text(s->facts, owner), id,
                   tree.levels, (unsigned long long)tree.root);
    }
}

static void check_entry(struct audit_state *s, const struct audit_unit_state *u, uint16_t rid, const uint64_t *at)
{
    const uint64_t entry[WORDS] = {audit_word(&at[0]), audit_word(&at[1])};
    if ((entry[0] & PRESENT) == 0) {
        return;
    }
    size_t source = audit_source_index(s->facts, u->index, rid);
    s->result->contexts++;
    if (source == s->facts->source_count) {
        found(s, u, AUDIT_CONTEXT_STRANGER, rid, AUDIT_NOBODY, entry[0] & ADDRESS_MASK);
        return;
    }
    s->seen[source] = true;
    check_present(s, u, &s->facts->sources[source], entry);
}

/* The context table of a bus by its root entry, or NULL. */
static const uint64_t *context_table(struct audit_state *s, const struct audit_unit_state *u, const uint64_t *root,
                                     unsigned bus)
{
    const uint64_t entry[WORDS] = {audit_word(&root[bus * WORDS]), audit_word(&root[bus * WORDS + 1])};
    struct audit_finding where = finding_at(u, AUDIT_ROOT_RESERVED, (uint16_t)(bus << 8));
    where.owner = AUDIT_HOST;
    where.value = entry[1] | (entry[0] & ROOT_RESERVED_LOW);
    if ((entry[0] & PRESENT) == 0) {
        return NULL;
    }
    if (where.value != 0 || (entry[0] & too_wide(s)) != 0) {
        audit_found(s, &where);
        return NULL;
    }
    return audit_table(s, entry[0] & ADDRESS_MASK, AUDIT_USE_CONTEXT, u->index, 1, &where);
}

static bool in_scope(const struct audit_state *s, const struct audit_unit_state *u, size_t source)
{
    const struct audit_source *at = &s->facts->sources[source];
    return at->unit == u->index && (s->scope == AUDIT_ALL || s->scope == at->owner);
}

static bool bus_in_scope(const struct audit_state *s, const struct audit_unit_state *u, unsigned bus)
{
    bool found_one = s->scope == AUDIT_ALL;
    for (size_t i = 0; i < s->facts->source_count && !found_one; i++) {
        found_one = in_scope(s, u, i) && s->facts->sources[i].rid >> 8 == bus;
    }
    return found_one;
}

static void check_bus(struct audit_state *s, const struct audit_unit_state *u, const uint64_t *root, unsigned bus)
{
    const uint64_t *table = bus_in_scope(s, u, bus) ? context_table(s, u, root, bus) : NULL;
    for (unsigned i = 0; i < FUNCTIONS && table != NULL; i++) {
        uint16_t rid = (uint16_t)(bus << 8 | i);
        size_t source = audit_source_index(s->facts, u->index, rid);
        if (s->scope == AUDIT_ALL || (source < s->facts->source_count && in_scope(s, u, source))) {
            check_entry(s, u, rid, &table[i * WORDS]);
        }
    }
}

void audit_context_check(struct audit_state *s, const struct audit_unit_state *u)
{
    struct audit_finding where = audit_finding_of(AUDIT_OK);
    where.unit = u->index;
    where.owner = AUDIT_HOST;
    const uint64_t *root = u->root == 0 ? NULL : audit_table(s, u->root, AUDIT_USE_ROOT, u->index, 2, &where);
    for (unsigned bus = 0; bus < BUSES && root != NULL; bus++) {
        check_bus(s, u, root, bus);
    }
    for (size_t i = 0; i < s->facts->source_count; i++) {
        if (in_scope(s, u, i) && !s->seen[i] && !s->facts->sources[i].optional) {
            found(s, u, AUDIT_CONTEXT_MISSING, s->facts->sources[i].rid, s->facts->sources[i].owner, 0);
        }
    }
}
