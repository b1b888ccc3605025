/* SPDX-License-Identifier: GPL-2.0-only
 * The walk: iterative, depth by the tree's levels, each page once. */
#include "audit/tree.h"

#include "audit/reach.h"
#include "kernel/lib/bits.h"

#define ENTRIES 512u

struct step {
    const uint64_t *table;
    unsigned next;  /* entry to look at */
    uint8_t rights; /* that the tables above leave */
    uint64_t base;  /* first guest-physical or device address below this table */
};

struct walk {
    struct audit_state *s;
    const struct audit_tree *tree;
    enum audit_use use;
    struct step steps[AUDIT_LEVELS_MAX]; /* [0] the root's */
    unsigned depth;                      /* steps in use */
    struct audit_reach run;              /* bytes 0: none yet */
};

static unsigned level_of(const struct walk *w)
{
    return w->tree->levels + 1 - w->depth;
}

static uint64_t leaf_bytes(unsigned level)
{
    return BIT64(12 + 9 * (level - 1));
}

static struct audit_finding finding_at(const struct walk *w, enum audit_code code, uint64_t address, unsigned level)
{
    struct audit_finding f = audit_finding_of(code);
    f.owner = w->tree->owner;
    f.level = level;
    f.address = address;
    if (w->use == AUDIT_USE_SECOND) {
        f.unit = w->tree->unit;
        f.has_source = true;
        f.source = w->tree->source;
    }
    return f;
}

static void enter(struct walk *w, uint64_t page, uint8_t rights, uint64_t base, unsigned level)
{
    struct audit_finding where = finding_at(w, AUDIT_OK, base, level);
    const uint64_t *table = audit_table(w->s, page, w->use, w->tree->owner, level, &where);
    if (table != NULL) {
        w->steps[w->depth++] = (struct step){.table = table, .rights = rights, .base = base};
    }
}

static void end_run(struct walk *w)
{
    if (w->run.bytes != 0) {
        audit_reach_check(w->s, w->tree, &w->run);
    }
    w->run.bytes = 0;
}

/* Leaves that follow each other on both sides are judged together: most trees are a handful of runs. */
static void add_leaf(struct walk *w, const struct audit_entry *e, uint64_t at, uint8_t rights, unsigned level)
{
    struct audit_reach *run = &w->run;
    uint64_t bytes = leaf_bytes(level);
    uint64_t *pages = w->use == AUDIT_USE_NESTED ? &w->s->result->nested : &w->s->result->second;
    w->s->result->leaves++;
    *pages += bytes / PAGE_SIZE;
    bool follows = run->bytes != 0 && run->at + run->bytes == at && run->memory + run->bytes == e->address &&
                   run->rights == rights && run->type == e->type;
    if (!follows) {
        end_run(w);
        *run = (struct audit_reach){.use = w->use, .at = at, .memory = e->address, .rights = rights, .type = e->type};
        run->level = level;
    }
    run->bytes += bytes;
    run->level = level < run->level ? level : run->level;
}

static void take_entry(struct walk *w, uint64_t raw, uint64_t at, uint8_t above, unsigned level)
{
    struct audit_entry e = audit_entry_decode(&w->tree->walker, raw, level);
    if (!e.present) {
        return;
    }
    if (e.wrong != AUDIT_OK) {
        struct audit_finding f = finding_at(w, e.wrong, at, level);
        f.value = raw;
        audit_found(w->s, &f);
    }
    uint8_t rights = e.rights & above;
    if (e.leaf && rights != 0) {
        add_leaf(w, &e, at, rights, level);
    } else if (!e.leaf) {
        enter(w, e.address, rights, at, level - 1);
    }
}

void audit_tree_walk(struct audit_state *s, const struct audit_tree *tree, enum audit_use use)
{
    struct walk w = {.s = s, .tree = tree, .use = use};
    enter(&w, tree->root, AUDIT_READ | AUDIT_WRITE | AUDIT_EXECUTE, 0, tree->levels);
    while (w.depth != 0) {
        struct step *step = &w.steps[w.depth - 1];
        if (step->next == ENTRIES) {
            w.depth--;
            continue;
        }
        uint64_t raw = audit_word(&step->table[step->next]);
        if (raw == 0) {
            step->next++;
            continue;
        }
        unsigned level = level_of(&w);
        take_entry(&w, raw, step->base + step->next++ * leaf_bytes(level), step->rights, level);
    }
    end_run(&w);
}
