/* SPDX-License-Identifier: GPL-2.0-only
 * Decisions about posted interrupts. */
#include "guest/posting.h"

#include "kernel/core/cpu_feature.h"
#include "kernel/core/vectors.h"

#define FIRST_LEGAL_VECTOR 16

bool posting_target(const struct vlapic_set *set, const struct apic_message *message, size_t *index)
{
    size_t named = 0;
    bool plain = message->delivery == APIC_FIXED || message->delivery == APIC_LOWEST;
    if (!plain || message->level || message->vector < FIRST_LEGAL_VECTOR) {
        return false;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (vlapic_route_matches(set->lapics[i], message, NULL)) {
            *index = i;
            named++;
        }
    }
    return named == 1;
}

/* The vector goes first where notifications are allowed again: none is sent to the wrong one. */
void posting_place(struct posted_descriptor *d, enum posting_place place, uint32_t apic_id, bool x2apic)
{
    if (place == POSTING_WAITS) {
        posted_set_suppressed(d, true);
        return;
    }
    posted_set_target(d, place == POSTING_RUNS ? VECTOR_POSTED : VECTOR_POSTED_WAKE, apic_id, x2apic);
    posted_set_suppressed(d, false);
}

struct posting_facts posting_facts_of(const struct cpu_backend *backend, uint32_t without, const struct vtd *vtd)
{
    const uint32_t posted = cpu_feature_bit(CPU_FEATURE_POSTED_INTERRUPTS);
    struct posting_facts facts = {.cpu = backend->features != NULL && (backend->features() & posted) != 0,
                                  .without = without};
    for (unsigned i = 0; i < vtd->count; i++) {
        facts.units_posting += vtd_unit_posts(&vtd->units[i]);
    }
    return facts;
}

static bool is_left_unused(const struct posting_facts *facts)
{
    return (facts->without & cpu_feature_bit(CPU_FEATURE_POSTED_INTERRUPTS)) != 0;
}

enum posting_use posting_use(const struct posting_facts *facts)
{
    if (is_left_unused(facts)) {
        return POSTING_NONE;
    }
    if (facts->units_posting == 0) {
        return facts->cpu ? POSTING_BY_CPUS : POSTING_NONE;
    }
    return facts->cpu ? POSTING_BY_BOTH : POSTING_BY_UNITS;
}

const char *posting_text(const struct posting_facts *facts)
{
    const uint32_t base = cpu_feature_bit(CPU_FEATURE_VIRTUAL_INTERRUPTS) | cpu_feature_bit(CPU_FEATURE_APIC_REGISTERS);
    switch (posting_use(facts)) {
    case POSTING_BY_BOTH:
        return "yes";
    case POSTING_BY_CPUS:
        return "between vCPUs alone (no remapping unit has them)";
    case POSTING_BY_UNITS:
        return "by remapping units alone (the CPU takes none by itself: each is an exit)";
    case POSTING_NONE:
        break;
    }
    if (is_left_unused(facts)) {
        return "no (system.without names them)";
    }
    return (facts->without & base) != 0 ? "no (they need what system.without names)" : "no (the CPU lacks them)";
}
