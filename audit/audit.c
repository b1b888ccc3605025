/* SPDX-License-Identifier: GPL-2.0-only
 * The audit from start to end: facts, then unit by unit, then every tree once. */
#include "audit/audit.h"

#include "audit/context.h"
#include "audit/facts_check.h"
#include "audit/irte.h"
#include "audit/state.h"
#include "audit/tree.h"
#include "audit/unit.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define SLOT_SIZE sizeof(struct audit_map_slot)
#define MAP_MIN 4096u          /* slots */
#define VECTORS 256u           /* of a CPU: keys of the map */
#define UNIT_PAGES 1024u       /* root, 256 context tables, 256 pages of interrupt entries, 256 of the queue */
#define TREE_PAGES 64u         /* besides those that grow with memory */
#define RANGE_PAGES 16u        /* its ends may each need a table of every level, twice when moved */
#define LEVEL1_BYTES (2 * MIB) /* that one table of leaves maps */

static bool wanted(uint32_t scope, uint32_t owner)
{
    return scope == AUDIT_ALL || scope == owner;
}

static bool has_source_there(const struct audit_facts *facts, uint32_t scope, uint32_t unit)
{
    bool found = false;
    for (size_t i = 0; i < facts->source_count && !found; i++) {
        found = facts->sources[i].unit == unit && wanted(scope, facts->sources[i].owner);
    }
    return found;
}

/* A unit that has nothing of the owner is no part of its audit. */
static bool unit_wanted(const struct audit_facts *facts, uint32_t scope, uint32_t unit)
{
    return scope == AUDIT_ALL || has_source_there(facts, scope, unit);
}

/* Keys of units, source ids and vectors. */
static uint64_t other_keys(const struct audit_facts *facts, uint32_t scope)
{
    uint64_t keys = 2 * facts->source_count;
    for (uint32_t i = 0; i < facts->unit_count; i++) {
        keys += unit_wanted(facts, scope, i) ? UNIT_PAGES : 0;
    }
    uint64_t cpus = scope < facts->owner_count ? facts->owners[scope].cpus : ~UINT64_C(0);
    for (size_t i = 0; i < facts->cpu_count; i++) {
        keys += (cpus >> i & 1) != 0 ? VECTORS : 0;
    }
    return keys;
}

/* Table pages that the owners in scope can need: a page for 2 MiB, a little more for the levels above; twice, for
 * vCPUs and devices. */
static uint64_t pages_needed(const struct audit_facts *facts, uint32_t scope)
{
    uint64_t pages = TREE_PAGES;
    for (size_t i = 0; i < facts->range_count; i++) {
        const struct audit_range *r = &facts->ranges[i];
        if (wanted(scope, r->owner) && r->end > r->start) {
            uint64_t leaves = (r->end - r->start) / LEVEL1_BYTES;
            pages += 2 * (leaves + leaves / 256 + RANGE_PAGES);
        }
    }
    return pages + TREE_PAGES * (facts->owner_count + facts->source_count);
}

static size_t map_slots(const struct audit_facts *facts, uint32_t scope)
{
    uint64_t keys = pages_needed(facts, scope) + other_keys(facts, scope);
    size_t slots = MAP_MIN;
    while (slots < keys + keys / 2) {
        slots *= 2;
    }
    return slots;
}

size_t audit_scratch_bytes(const struct audit_facts *facts, uint32_t owner)
{
    size_t sources = facts->source_count;
    return map_slots(facts, owner) * SLOT_SIZE + (sources + 1) * sizeof(struct audit_tree) +
           align_up(sources + 1, sizeof(uint64_t));
}

static void lay_out(struct audit_state *s, void *scratch)
{
    size_t slots = map_slots(s->facts, s->scope);
    s->map = audit_map_make(scratch, slots);
    s->trees = (struct audit_tree *)((uint8_t *)scratch + slots * SLOT_SIZE);
    s->seen = (bool *)(s->trees + s->facts->source_count + 1);
    memset(s->seen, 0, s->facts->source_count + 1);
}

static void check_units(struct audit_state *s)
{
    for (uint32_t i = 0; i < s->facts->unit_count; i++) {
        if (unit_wanted(s->facts, s->scope, i)) {
            struct audit_unit_state u = audit_unit_read(s, i);
            audit_unit_check_queue(s, i);
            audit_context_check(s, &u);
            audit_irte_check(s, &u);
        }
    }
}

static void check_nested(struct audit_state *s, uint32_t owner)
{
    const struct audit_owner *o = &s->facts->owners[owner];
    const struct audit_tree tree = {.root = o->root,
                                    .owner = owner,
                                    .unit = AUDIT_NO_UNIT,
                                    .levels = o->levels,
                                    .walker = {.format = o->format,
                                               .address_bits = s->facts->address_bits,
                                               .max_leaf = o->max_leaf,
                                               .pat = s->facts->pat}};
    if (o->format != AUDIT_NO_TABLES) {
        audit_tree_walk(s, &tree, AUDIT_USE_NESTED);
    }
}

static void check_trees(struct audit_state *s)
{
    for (uint32_t i = 0; i < s->facts->owner_count; i++) {
        if (wanted(s->scope, i)) {
            check_nested(s, i);
        }
    }
    for (size_t i = 0; i < s->tree_count; i++) {
        audit_tree_walk(s, &s->trees[i], AUDIT_USE_SECOND);
    }
}

static void refuse_facts(struct audit_state *s, const char *why, uint64_t at)
{
    struct audit_finding f = audit_finding_of(AUDIT_BAD_FACTS);
    f.name = why;
    f.value = at;
    audit_found(s, &f);
}

static void print_owners(const struct audit_state *s)
{
    static const char *const formats[] = {"none", "ept", "npt", "second-level"};
    for (size_t i = 0; i < s->facts->owner_count; i++) {
        const struct audit_owner *o = &s->facts->owners[i];
        audit_line(s->out, "audit: owner=%s format=%s levels=%u table=0x%llx cpus=0x%llx", o->name, formats[o->format],
                   o->levels, (unsigned long long)o->root, (unsigned long long)o->cpus);
    }
}

bool audit_run(const struct audit_facts *facts, uint32_t owner, void *scratch, size_t scratch_bytes,
               const struct audit_writer *out, struct audit_result *result)
{
    struct audit_state s = {.facts = facts, .scope = owner, .result = result, .out = out};
    uint64_t at = 0;
    memset(result, 0, sizeof(*result));
    const char *wrong = audit_facts_check(facts, &at);
    if (wrong == NULL && owner != AUDIT_ALL && owner >= facts->owner_count) {
        wrong = "no such owner to audit";
    }
    if (wrong == NULL && scratch_bytes < audit_scratch_bytes(facts, owner)) {
        wrong = "too little memory to work in";
    }
    if (wrong != NULL) {
        refuse_facts(&s, wrong, at);
        return false;
    }
    lay_out(&s, scratch);
    if (out != NULL) {
        print_owners(&s);
    }
    check_units(&s);
    check_trees(&s);
    return result->found == 0;
}
