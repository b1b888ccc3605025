/* SPDX-License-Identifier: GPL-2.0-only
 * What the audit has seen: open addressing, never deleted from. */
#include "audit/map.h"

#include "kernel/lib/string.h"

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15) /* 2^64 divided by the golden ratio: spreads page addresses */

struct audit_map audit_map_make(struct audit_map_slot *slots, size_t capacity)
{
    memset(slots, 0, capacity * sizeof(*slots));
    return (struct audit_map){.slots = slots, .capacity = capacity};
}

static size_t place_of(uint64_t key)
{
    return (size_t)((key * GOLDEN) >> 20);
}

uint64_t *audit_map_at(struct audit_map *map, uint64_t key, bool *fresh)
{
    if (key == 0 || map->capacity == 0) {
        return NULL;
    }
    size_t i = place_of(key) & (map->capacity - 1);
    while (map->slots[i].key != 0 && map->slots[i].key != key) {
        i = (i + 1) & (map->capacity - 1);
    }
    *fresh = map->slots[i].key == 0;
    if (*fresh) {
        if (map->used >= map->capacity / 4 * 3) {
            return NULL;
        }
        map->used++;
        map->slots[i].key = key;
    }
    return &map->slots[i].value;
}
