/* SPDX-License-Identifier: GPL-2.0-only
 * The facts are checked before they are believed: a planner's mistake must not make the audit blind. */
#include "audit/facts_check.h"

#include "audit/lookup.h"
#include "kernel/lib/bits.h"

#define CPUS_MAX 64
#define ADDRESS_BITS_MIN 32
#define ADDRESS_BITS_MAX 52
#define DESCRIPTOR_SIZE 64 /* of a posted-interrupt descriptor; aligned as much (VT-d 4.1 9.11) */

static const char *check_owners(const struct audit_facts *f, uint64_t *at)
{
    for (size_t i = 0; i < f->owner_count; i++) {
        const struct audit_owner *o = &f->owners[i];
        *at = i;
        bool walked = o->format == AUDIT_EPT || o->format == AUDIT_NPT;
        if (o->name == NULL || (!walked && o->format != AUDIT_NO_TABLES)) {
            return "an owner without a name or of an unknown format";
        }
        if (walked && (o->levels < 3 || o->levels > 5 || o->max_leaf < 1 || o->max_leaf > 3)) {
            return "an owner's tables have no possible shape";
        }
        if (f->cpu_count < CPUS_MAX && o->cpus >> f->cpu_count != 0) {
            return "an owner has CPUs that are not there";
        }
    }
    return NULL;
}

static const char *check_span(uint64_t before, uint64_t start, uint64_t end)
{
    if (start >= end || start < before) {
        return "ranges are not sorted or overlap";
    }
    return is_aligned(start | end, PAGE_SIZE) ? NULL : "a range is not of whole pages";
}

static const char *check_ranges(const struct audit_facts *f, uint64_t *at)
{
    const char *wrong = NULL;
    for (size_t i = 0; i < f->range_count && wrong == NULL; i++) {
        const struct audit_range *r = &f->ranges[i];
        *at = r->start;
        wrong = check_span(i == 0 ? 0 : f->ranges[i - 1].end, r->start, r->end);
        if (wrong == NULL && (r->owner >= f->owner_count || ((r->device | r->cpu) & ~7u) != 0)) {
            wrong = "a range of an unknown owner";
        }
        if (wrong == NULL && (audit_forbidden_at(f, r->start) != NULL || audit_in_memory(f, r->start, 1))) {
            wrong = "an owner's range is forbidden or hypervisor memory";
        }
    }
    return wrong;
}

static const char *check_forbidden(const struct audit_facts *f, uint64_t *at)
{
    const char *wrong = NULL;
    for (size_t i = 0; i < f->forbidden_count && wrong == NULL; i++) {
        const struct audit_forbidden *b = &f->forbidden[i];
        *at = b->start;
        wrong = check_span(i == 0 ? 0 : f->forbidden[i - 1].end, b->start, b->end);
        if (wrong == NULL && (audit_range_at(f, b->start) != NULL || audit_in_memory(f, b->start, 1))) {
            wrong = "forbidden memory is an owner's or the hypervisor's";
        }
    }
    return wrong;
}

/* With the two above: an interval that overlaps one of another kind holds that one's start, or the other way round. */
static const char *check_memory(const struct audit_facts *f, uint64_t *at)
{
    const char *wrong = NULL;
    for (size_t i = 0; i < f->memory_count && wrong == NULL; i++) {
        const struct audit_span *m = &f->memory[i];
        *at = m->start;
        wrong = check_span(i == 0 ? 0 : f->memory[i - 1].end, m->start, m->end);
        if (wrong == NULL && (audit_range_at(f, m->start) != NULL || audit_forbidden_at(f, m->start) != NULL)) {
            wrong = "hypervisor memory is an owner's or forbidden";
        }
    }
    return wrong;
}

static const char *check_sources(const struct audit_facts *f, uint64_t *at)
{
    for (size_t i = 0; i < f->source_count; i++) {
        const struct audit_source *s = &f->sources[i];
        const struct audit_source *before = i == 0 ? NULL : s - 1;
        *at = s->rid;
        if (s->unit >= f->unit_count || s->owner >= f->owner_count) {
            return "a source id of an unknown owner or unit";
        }
        if (before != NULL && (before->unit > s->unit || (before->unit == s->unit && before->rid >= s->rid))) {
            return "source ids are not sorted, or one has two owners";
        }
    }
    return NULL;
}

/* A range of buses says that every source id on them is one owner's. */
static bool buses_are_owned(const struct audit_facts *f, const struct audit_sender *bus)
{
    for (size_t i = 0; i < f->source_count; i++) {
        const struct audit_source *s = &f->sources[i];
        if (s->unit == bus->unit && s->owner != bus->owner && s->rid >> 8 >= bus->sid >> 8 &&
            s->rid >> 8 <= (bus->sid & 0xff)) {
            return false;
        }
    }
    return true;
}

static bool sender_follows(const struct audit_sender *before, const struct audit_sender *s)
{
    if (before->unit != s->unit) {
        return before->unit < s->unit;
    }
    if (before->svt != s->svt) {
        return before->svt < s->svt;
    }
    return before->sq != s->sq ? before->sq < s->sq : before->sid < s->sid;
}

static const char *check_senders(const struct audit_facts *f, uint64_t *at)
{
    for (size_t i = 0; i < f->sender_count; i++) {
        const struct audit_sender *s = &f->senders[i];
        *at = s->sid;
        bool known = s->owner < f->owner_count || s->owner == AUDIT_HOST;
        if (s->unit >= f->unit_count || !known || s->svt < 1 || s->svt > 2 || s->sq > 3) {
            return "a sender of interrupts of an unknown owner, unit or kind";
        }
        if (i > 0 && !sender_follows(s - 1, s)) {
            return "senders of interrupts are not sorted, or one has two owners";
        }
        if (s->svt == 2 && !buses_are_owned(f, s)) {
            return "a range of buses holds another owner's source id";
        }
    }
    return NULL;
}

static const char *check_posted(const struct audit_facts *f, uint64_t *at)
{
    for (size_t i = 0; i < f->posted_count; i++) {
        const struct audit_posted *p = &f->posted[i];
        *at = p->at;
        if (p->owner >= f->owner_count || !is_aligned(p->at, DESCRIPTOR_SIZE) ||
            !audit_in_memory(f, p->at, DESCRIPTOR_SIZE)) {
            return "a posted-interrupt descriptor outside hypervisor memory";
        }
        if (i > 0 && f->posted[i - 1].at + DESCRIPTOR_SIZE > p->at) {
            return "posted-interrupt descriptors are not sorted or overlap";
        }
    }
    return NULL;
}

const char *audit_facts_check(const struct audit_facts *facts, uint64_t *at)
{
    *at = 0;
    if (facts->cpu_count > CPUS_MAX || facts->address_bits < ADDRESS_BITS_MIN ||
        facts->address_bits > ADDRESS_BITS_MAX) {
        return "an impossible number of CPUs or address bits";
    }
    static const char *(*const checks[])(const struct audit_facts *, uint64_t *) = {
        check_owners, check_ranges, check_forbidden, check_memory, check_sources, check_senders, check_posted};
    for (size_t i = 0; i < ARRAY_LENGTH(checks); i++) {
        const char *wrong = checks[i](facts, at);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return NULL;
}
