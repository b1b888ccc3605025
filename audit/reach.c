/* SPDX-License-Identifier: GPL-2.0-only
 * Every page of a run must lie in a range of its owner. */
#include "audit/reach.h"

#include "audit/lookup.h"

/* Requests to these addresses are interrupts, whatever tables say (VT-d 4.1 3.14). */
#define WINDOW_START UINT64_C(0xfee00000)
#define WINDOW_END UINT64_C(0xfef00000)

static const char *const type_names[] = {"uc", "wc", "2", "3", "wt", "wp", "wb", "uc-", "-"};
static const char *const kind_names[] = {"ram", "registers", "reserved", "pages"};

static void found(struct audit_state *s, const struct audit_tree *tree, const struct audit_reach *reach,
                  struct audit_finding f, uint64_t memory)
{
    f.owner = tree->owner;
    f.level = reach->level;
    f.address = reach->at + (memory - reach->memory);
    f.value = memory;
    if (reach->use == AUDIT_USE_SECOND) {
        f.unit = tree->unit;
        f.has_source = true;
        f.source = tree->source;
    }
    audit_found(s, &f);
}

/* Device reads of memory are never typed by these tables; a guest's registers must not be cached by the host's will. */
static bool type_is_allowed(enum audit_kind kind, const struct audit_reach *reach)
{
    if (reach->use == AUDIT_USE_SECOND) {
        return true;
    }
    if (kind == AUDIT_REGISTERS) {
        return reach->type == AUDIT_UC || reach->type == AUDIT_WC || reach->type == AUDIT_UC_MINUS;
    }
    return reach->type == AUDIT_WB || (kind == AUDIT_RESERVED && reach->type == AUDIT_UC);
}

static void check_own(struct audit_state *s, const struct audit_tree *tree, const struct audit_reach *reach,
                      const struct audit_range *range, uint64_t memory)
{
    uint8_t allowed = reach->use == AUDIT_USE_NESTED ? range->cpu : range->device;
    uint64_t at = reach->at + (memory - reach->memory);
    if ((reach->rights & ~allowed) != 0) {
        found(s, tree, reach, audit_finding_of(AUDIT_LEAF_RIGHTS), memory);
    }
    if (!type_is_allowed(range->kind, reach)) {
        found(s, tree, reach, audit_finding_of(AUDIT_LEAF_TYPE), memory);
    }
    if (range->kind == AUDIT_RESERVED && reach->use == AUDIT_USE_SECOND && at != memory) {
        found(s, tree, reach, audit_finding_of(AUDIT_LEAF_IDENTITY), memory);
    }
}

static void check_strange(struct audit_state *s, const struct audit_tree *tree, const struct audit_reach *reach,
                          uint64_t memory)
{
    const struct audit_forbidden *forbidden = audit_forbidden_at(s->facts, memory);
    struct audit_finding f = audit_finding_of(AUDIT_LEAF_STRANGER);
    if (forbidden != NULL || audit_in_memory(s->facts, memory, 1)) {
        f.code = AUDIT_LEAF_FORBIDDEN;
        f.name = forbidden != NULL ? forbidden->name : "hypervisor memory";
    }
    found(s, tree, reach, f, memory);
}

/* The part of the run from `memory` on that one answer holds for; returns its end. */
static uint64_t check_part(struct audit_state *s, const struct audit_tree *tree, const struct audit_reach *reach,
                           uint64_t memory)
{
    const struct audit_range *range = audit_range_at(s->facts, memory);
    if (range == NULL) {
        check_strange(s, tree, reach, memory);
        return audit_next_edge(s->facts, memory);
    }
    if (range->owner == tree->owner) {
        check_own(s, tree, reach, range, memory);
    } else {
        struct audit_finding f = audit_finding_of(AUDIT_LEAF_OTHER);
        f.other = range->owner;
        found(s, tree, reach, f, memory);
    }
    return range->end;
}

static void print(const struct audit_state *s, const struct audit_tree *tree, const struct audit_reach *r)
{
    const struct audit_range *range = audit_range_at(s->facts, r->memory);
    audit_line(
        s->out, "audit: reach guest=%s by=%s address=0x%llx memory=0x%llx bytes=0x%llx rights=%s%s%s type=%s kind=%s",
        audit_owner_text(s->facts, tree->owner), r->use == AUDIT_USE_NESTED ? "cpu" : "device",
        (unsigned long long)r->at, (unsigned long long)r->memory, (unsigned long long)r->bytes,
        r->rights & AUDIT_READ ? "r" : "", r->rights & AUDIT_WRITE ? "w" : "", r->rights & AUDIT_EXECUTE ? "x" : "",
        type_names[r->type], range == NULL ? "none" : kind_names[range->kind]);
}

void audit_reach_check(struct audit_state *s, const struct audit_tree *tree, const struct audit_reach *reach)
{
    uint64_t end = reach->memory + reach->bytes;
    for (uint64_t memory = reach->memory; memory < end;) {
        memory = check_part(s, tree, reach, memory);
    }
    if (reach->use == AUDIT_USE_SECOND && reach->at < WINDOW_END && reach->at + reach->bytes > WINDOW_START) {
        found(s, tree, reach, audit_finding_of(AUDIT_LEAF_WINDOW), reach->memory);
    }
    if (s->out != NULL) {
        print(s, tree, reach);
    }
}
