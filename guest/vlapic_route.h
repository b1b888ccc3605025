/* SPDX-License-Identifier: GPL-2.0-only
 * From a message to the local APICs of one guest that it names (SDM 3A 11.6.2). Works from any CPU. */
#ifndef BULKHEAD_GUEST_LAPIC_ROUTE_H
#define BULKHEAD_GUEST_LAPIC_ROUTE_H

#include "guest/vlapic.h"

/* The local APICs of one guest, and how to make vCPU `index` look at its own. A vector that is edge-triggered lies in
 * its mailbox then, where a CPU that takes posted interrupts finds it without an exit: notify is enough. */
struct vlapic_set {
    struct vlapic *const *lapics;
    size_t count;
    uint32_t turn; /* where the next lowest-priority search starts; atomic */
    void *context;
    void (*kick)(void *context, size_t index);   /* called after each delivery; may be NULL */
    void (*notify)(void *context, size_t index); /* in its place for edge-triggered vectors; NULL: kick for them too */
};

/* True when the message is for this LAPIC. from: the sender of an IPI, else NULL. */
bool vlapic_route_matches(const struct vlapic *l, const struct apic_message *message, const struct vlapic *from);

/* Deliver, kick the receivers, return how many there were. Lowest priority picks one of the least TPR in turn. */
size_t vlapic_route_message(struct vlapic_set *set, const struct apic_message *message, const struct vlapic *from);

#endif
