/* SPDX-License-Identifier: GPL-2.0-only
 * What one audit knows while it runs: the facts, what was seen, what was found. */
#ifndef BULKHEAD_AUDIT_STATE_H
#define BULKHEAD_AUDIT_STATE_H

#include "audit/audit.h"
#include "audit/entry.h"
#include "audit/map.h"

/* Tables for devices, that context entries lead to. */
struct audit_tree {
    uint64_t root;
    uint32_t owner;
    uint32_t unit;   /* the first one that uses it */
    uint16_t source; /* likewise */
    unsigned levels;
    struct audit_walker walker; /* what every unit that uses it can do */
};

struct audit_state {
    const struct audit_facts *facts;
    uint32_t scope; /* an owner, or AUDIT_ALL */
    struct audit_result *result;
    const struct audit_writer *out; /* or NULL */
    struct audit_map map;
    struct audit_tree *trees; /* as many as there are sources */
    size_t tree_count;
    bool *seen; /* by index in sources: it has a context entry */
};

/* What is used as a key of the map, in its lowest bits: addresses of pages leave them free. */
enum audit_tag {
    AUDIT_TAG_DOMAIN = 1, /* unit and domain id: root of its table */
    AUDIT_TAG_VECTOR = 2, /* CPU and vector: its owner, plus one */
    AUDIT_TAG_TREE = 3,   /* root: index in trees */
    AUDIT_TAG_PAGE = 8,   /* a table page: who uses it as what */
};

enum audit_use {
    AUDIT_USE_NESTED = 1, /* the owner's vCPUs */
    AUDIT_USE_SECOND = 2, /* the owner's devices; the same pages may be both */
    AUDIT_USE_ROOT = 4,
    AUDIT_USE_CONTEXT = 8,
    AUDIT_USE_INTERRUPT = 16,
    AUDIT_USE_QUEUE = 32,
};

/* A finding without anything but its code. */
struct audit_finding audit_finding_of(enum audit_code code);

/* Count it, and keep it when there is room. */
void audit_found(struct audit_state *s, const struct audit_finding *finding);

/* The table page at `page` (any low bits ignored) for that use by `user` (owner, or unit for the units' own tables):
 * a view of its 4096 bytes, or NULL and a finding made from *where: not in hypervisor memory, used by somebody else, or
 * reached before. */
const uint64_t *audit_table(struct audit_state *s, uint64_t page, enum audit_use use, uint32_t user, unsigned level,
                            const struct audit_finding *where);

/* One aligned word of a live table, read once. */
static inline uint64_t audit_word(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_RELAXED);
}

/* A line to s->out. */
void audit_line(const struct audit_writer *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "hypervisor", the owner's name, or "nobody". */
const char *audit_owner_text(const struct audit_facts *facts, uint32_t owner);

#endif
