/* SPDX-License-Identifier: GPL-2.0-only
 * Posted interrupts of vCPUs: which messages may be posted, and where notifications go (VT-d 4.1 5.2, SDM 3C 30.6).
 * Nothing here depends on the CPU taking posted interrupts by itself: where it does not, a notification is an exit, and
 * the loop finds what was posted. */
#ifndef BULKHEAD_GUEST_POSTING_H
#define BULKHEAD_GUEST_POSTING_H

#include "guest/vlapic_route.h"
#include "kernel/core/vcpu.h"
#include "vtd/vtd.h"

/* May a remapping unit post this message of a device, and for which vCPU? Only one that names exactly one local APIC,
 * edge-triggered, fixed or lowest priority: all others are delivered by our own handler. */
bool posting_target(const struct vlapic_set *set, const struct apic_message *message, size_t *index);

/* What a vCPU does, as its notifications go. One that is alone on its CPU stays at RUNS even while it is halted: the
 * notification then ends the CPU's own HLT. */
enum posting_place {
    POSTING_RUNS,   /* its CPU is its own now: the CPU takes them in the guest */
    POSTING_WAITS,  /* would run, but another vCPU has the CPU: none are sent, for it looks when its turn comes */
    POSTING_SLEEPS, /* waits for an event while another vCPU may have the CPU: that one is interrupted */
};
/* After RUNS and SLEEPS whatever was posted before has to be looked for (posted_is_pending). */
void posting_place(struct posted_descriptor *d, enum posting_place place, uint32_t apic_id, bool x2apic);

struct posting_facts {
    bool cpu;               /* the backend has the CPU take posted interrupts */
    uint32_t without;       /* features that the configuration leaves unused */
    unsigned units_posting; /* remapping units that post */
};
struct posting_facts posting_facts_of(const struct cpu_backend *backend, uint32_t without, const struct vtd *vtd);

/* Who posts interrupts. Each half is of use alone: a unit's notification ends a guest's run where the CPU does not take
 * it, as a remapped interrupt would, but needs no vector of the host for each; CPUs notify each other without an exit.
 */
enum posting_use {
    POSTING_NONE,
    POSTING_BY_CPUS,
    POSTING_BY_UNITS,
    POSTING_BY_BOTH,
};
enum posting_use posting_use(const struct posting_facts *facts);
/* The same in words, for the log: "yes", "no (the CPU lacks them)" ... */
const char *posting_text(const struct posting_facts *facts);

#endif
