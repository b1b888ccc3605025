/* SPDX-License-Identifier: GPL-2.0-only
 * Destination matching and lowest-priority arbitration. */
#include "guest/vlapic_route.h"

#include "guest/vlapic_irq.h"

/* x2APIC: cluster in 31:16, one bit a member in 15:0. */
static bool matches_x2apic_logical(const struct vlapic *l, uint32_t destination)
{
    uint32_t ldr = vlapic_look(l, LAPIC_LDR);
    return ldr >> 16 == destination >> 16 && (ldr & destination & 0xffff) != 0;
}

/* xAPIC: flat model when DFR[31:28] is all ones, else four clusters bits and four member bits. */
static bool matches_xapic_logical(const struct vlapic *l, uint8_t destination)
{
    uint8_t ldr = (uint8_t)(vlapic_look(l, LAPIC_LDR) >> 24);
    if (vlapic_look(l, LAPIC_DFR) >> 28 == 0xf) {
        return (ldr & destination) != 0;
    }
    bool cluster = destination >> 4 == 0xf || destination >> 4 == ldr >> 4;
    return cluster && (ldr & destination & 0xf) != 0;
}

static bool matches_destination(const struct vlapic *l, const struct apic_message *m)
{
    if (m->destination == APIC_BROADCAST) {
        return true;
    }
    if (!m->logical) {
        return m->destination == l->config.id;
    }
    if (vlapic_is_x2apic(l)) {
        return matches_x2apic_logical(l, m->destination);
    }
    return m->destination <= 0xff && matches_xapic_logical(l, (uint8_t)m->destination);
}

bool vlapic_route_matches(const struct vlapic *l, const struct apic_message *message, const struct vlapic *from)
{
    if (!vlapic_is_enabled(l)) {
        return false;
    }
    switch (message->shorthand) {
    case APIC_TO_SELF:
        return l == from;
    case APIC_TO_ALL:
        return true;
    case APIC_TO_OTHERS:
        return l != from;
    default:
        return matches_destination(l, message);
    }
}

/* An IPI is sent on its sender's own CPU. */
static bool deliver_to(struct vlapic_set *set, size_t index, const struct apic_message *message,
                       const struct vlapic *from)
{
    struct vlapic *l = set->lapics[index];
    if (!(l == from ? vlapic_irq_deliver_own(l, message) : vlapic_irq_deliver(l, message))) {
        return false;
    }
    bool edge = (message->delivery == APIC_FIXED || message->delivery == APIC_LOWEST) && !message->level;
    void (*tell)(void *, size_t) = edge && set->notify != NULL ? set->notify : set->kick;
    if (tell != NULL) {
        tell(set->context, index);
    }
    return true;
}

static size_t deliver_lowest(struct vlapic_set *set, const struct apic_message *message, const struct vlapic *from)
{
    size_t start = __atomic_fetch_add(&set->turn, 1, __ATOMIC_RELAXED) % set->count;
    size_t best = set->count;
    for (size_t i = 0; i < set->count; i++) {
        size_t index = (start + i) % set->count;
        const struct vlapic *l = set->lapics[index];
        if (!vlapic_route_matches(l, message, from) || !vlapic_is_software_enabled(l)) {
            continue;
        }
        if (best == set->count || vlapic_tpr(l) < vlapic_tpr(set->lapics[best])) {
            best = index;
        }
    }
    return best < set->count && deliver_to(set, best, message, from) ? 1 : 0;
}

size_t vlapic_route_message(struct vlapic_set *set, const struct apic_message *message, const struct vlapic *from)
{
    if (set->count == 0) {
        return 0;
    }
    if (message->delivery == APIC_LOWEST) {
        return deliver_lowest(set, message, from);
    }
    size_t delivered = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (vlapic_route_matches(set->lapics[i], message, from) && deliver_to(set, i, message, from)) {
            delivered++;
        }
    }
    return delivered;
}
