/* SPDX-License-Identifier: GPL-2.0-only
 * Binary searches: every array is sorted, audit_facts_check() made sure. */
#include "audit/lookup.h"

/* The number of ranges that start at or below `at`: the last of them may hold it. */
static size_t ranges_below(const struct audit_facts *f, uint64_t at)
{
    size_t low = 0, high = f->range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->ranges[middle].start <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static size_t forbidden_below(const struct audit_facts *f, uint64_t at)
{
    size_t low = 0, high = f->forbidden_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->forbidden[middle].start <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static size_t memory_below(const struct audit_facts *f, uint64_t at)
{
    size_t low = 0, high = f->memory_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->memory[middle].start <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct audit_range *audit_range_at(const struct audit_facts *facts, uint64_t at)
{
    size_t n = ranges_below(facts, at);
    return n > 0 && at < facts->ranges[n - 1].end ? &facts->ranges[n - 1] : NULL;
}

const struct audit_forbidden *audit_forbidden_at(const struct audit_facts *facts, uint64_t at)
{
    size_t n = forbidden_below(facts, at);
    return n > 0 && at < facts->forbidden[n - 1].end ? &facts->forbidden[n - 1] : NULL;
}

bool audit_in_memory(const struct audit_facts *facts, uint64_t at, uint64_t bytes)
{
    size_t n = memory_below(facts, at);
    return n > 0 && at < facts->memory[n - 1].end && bytes <= facts->memory[n - 1].end - at;
}

/* The smaller of best and whichever of an interval's ends is above at. */
static uint64_t nearer(uint64_t best, uint64_t at, uint64_t start, uint64_t end)
{
    uint64_t edge = start > at ? start : end;
    return edge > at && edge < best ? edge : best;
}

uint64_t audit_next_edge(const struct audit_facts *facts, uint64_t at)
{
    uint64_t best = UINT64_MAX;
    size_t r = ranges_below(facts, at), f = forbidden_below(facts, at), m = memory_below(facts, at);
    for (size_t i = r > 0 ? r - 1 : 0; i < facts->range_count && i <= r; i++) {
        best = nearer(best, at, facts->ranges[i].start, facts->ranges[i].end);
    }
    for (size_t i = f > 0 ? f - 1 : 0; i < facts->forbidden_count && i <= f; i++) {
        best = nearer(best, at, facts->forbidden[i].start, facts->forbidden[i].end);
    }
    for (size_t i = m > 0 ? m - 1 : 0; i < facts->memory_count && i <= m; i++) {
        best = nearer(best, at, facts->memory[i].start, facts->memory[i].end);
    }
    return best;
}

size_t audit_source_index(const struct audit_facts *facts, uint32_t unit, uint16_t rid)
{
    uint64_t key = (uint64_t)unit << 16 | rid;
    size_t low = 0, high = facts->source_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint64_t there = (uint64_t)facts->sources[middle].unit << 16 | facts->sources[middle].rid;
        if (there == key) {
            return middle;
        }
        if (there < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return facts->source_count;
}

static uint64_t sender_key(uint32_t unit, uint8_t svt, uint8_t sq, uint16_t sid)
{
    return (uint64_t)unit << 32 | (uint64_t)svt << 24 | (uint64_t)sq << 16 | sid;
}

const struct audit_sender *audit_sender_of(const struct audit_facts *facts, uint32_t unit, uint8_t svt, uint8_t sq,
                                           uint16_t sid)
{
    uint64_t key = sender_key(unit, svt, sq, sid);
    size_t low = 0, high = facts->sender_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct audit_sender *s = &facts->senders[middle];
        uint64_t there = sender_key(s->unit, s->svt, s->sq, s->sid);
        if (there == key) {
            return s;
        }
        if (there < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

uint32_t audit_posted_owner(const struct audit_facts *facts, uint64_t at)
{
    size_t low = 0, high = facts->posted_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (facts->posted[middle].at == at) {
            return facts->posted[middle].owner;
        }
        if (facts->posted[middle].at < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return AUDIT_NOBODY;
}
