/* SPDX-License-Identifier: GPL-2.0-only
 * Puts together what must be true (audit/audit.h): pieces come in any order and may overlap where that is harmless;
 * what comes out is sorted and apart. Contradictions are left in: the audit refuses them. Pure. */
#ifndef BULKHEAD_AUDIT_DESCRIBE_H
#define BULKHEAD_AUDIT_DESCRIBE_H

#include "audit/audit.h"
#include "kernel/lib/arena.h"
#include "kernel/lib/memory_map.h"

/* How many of each there may be at most. */
struct audit_limits {
    size_t ranges, devices, sources, senders, posted;
};

struct audit_description {
    struct audit_limits limits;
    struct audit_facts facts; /* owners, units, CPUs, vectors, address_bits and pat are the caller's to set */
    struct audit_range *ranges;
    struct audit_forbidden *devices, *forbidden;
    struct audit_span *memory;
    struct audit_source *sources;
    struct audit_sender *senders;
    struct audit_posted *posted;
    size_t device_count;
    struct audit_forbidden *blockers; /* while pieces of the memory map are cut */
    bool full;
};

/* STATUS_NO_MEMORY: the arena is too small. */
MUST_CHECK enum status audit_describe_begin(struct audit_description *d, const struct audit_limits *limits,
                                            struct arena *arena);

/* Memory that `range.owner` may reach; grown to whole pages. size 0 is left out. */
void audit_describe_range(struct audit_description *d, struct audit_range range);

/* Registers of the platform, start..start+size, grown to whole pages: nobody may reach them. The name lives on. */
void audit_describe_device(struct audit_description *d, uint64_t start, uint64_t size, const char *name);

void audit_describe_source(struct audit_description *d, struct audit_source source);
void audit_describe_sender(struct audit_description *d, struct audit_sender sender);
void audit_describe_posted(struct audit_description *d, struct audit_posted posted);

/* All that the memory map has beyond the owners' ranges: RAM from 1 MiB on and the hypervisor's image are the
 * hypervisor's memory, all else is forbidden. Owners' RAM is cut out of RAM alone, registers and reserved regions out
 * of what firmware kept alone. d->facts is complete then. STATUS_NO_MEMORY: a limit was too low. */
MUST_CHECK enum status audit_describe_end(struct audit_description *d, const struct memory_map *map);

#endif
