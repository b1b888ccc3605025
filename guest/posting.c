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

const char *posting_why_not(const struct posting_facts *facts)
{
    uint32_t base = cpu_feature_bit(CPU_FEATURE_VIRTUAL_INTERRUPTS) | cpu_feature_bit(CPU_FEATURE_APIC_REGISTERS);
    if ((facts->without & cpu_feature_bit(CPU_FEATURE_POSTED_INTERRUPTS)) != 0) {
        return "system.without names them";
    }
    if (!facts->cpu && (facts->without & base) != 0) {
        return "they need what system.without names";
    }
    if (!facts->cpu) {
        return "the CPU lacks them";
    }
    return facts->units_posting == 0 ? "no remapping unit has them" : NULL;
}
