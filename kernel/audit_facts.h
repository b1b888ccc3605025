/* SPDX-License-Identifier: GPL-2.0-only
 * What the isolation auditor is told: who may reach what, from the machine's facts and what each guest was asked to be
 * made of, not from the tables that were built. */
#ifndef BULKHEAD_KERNEL_AUDIT_FACTS_H
#define BULKHEAD_KERNEL_AUDIT_FACTS_H

#include "audit/describe.h"
#include "guest/vm_create.h"
#include "kernel/isolate.h"
#include "kernel/lib/arena.h"
#include "plan/machine.h"

struct audit_facts_input {
    const struct machine *machine;
    const struct isolate *isolate;
    struct vm_owned *const *guests; /* made, not started */
    size_t guest_count;
};

/* Bytes of arena that are enough. */
size_t audit_facts_bytes(const struct audit_facts_input *input);

/* Owner number n is guest n; then come owners of reserved regions. Pointers lead into the arena.
 * STATUS_NO_MEMORY: the arena is too small, or something has more parts than it can have. */
MUST_CHECK enum status audit_facts_make(const struct audit_facts_input *input, struct arena *arena,
                                        struct audit_facts *out);

#endif
