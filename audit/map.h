/* SPDX-License-Identifier: GPL-2.0-only
 * A hash map of fixed size from a nonzero 64-bit key to 64 bits, in memory that the caller gives: what the audit has
 * seen, so that time stays linear. */
#ifndef BULKHEAD_AUDIT_MAP_H
#define BULKHEAD_AUDIT_MAP_H

#include "kernel/lib/types.h"

struct audit_map_slot {
    uint64_t key, value; /* key 0: free */
};

struct audit_map {
    struct audit_map_slot *slots;
    size_t capacity; /* a power of two */
    size_t used;
};

/* slots: `capacity` of them; they are cleared. */
struct audit_map audit_map_make(struct audit_map_slot *slots, size_t capacity);

/* The value of key, which is new (value 0, *fresh true) or was there. NULL: key 0, or three quarters are full. */
uint64_t *audit_map_at(struct audit_map *map, uint64_t key, bool *fresh);

#endif
