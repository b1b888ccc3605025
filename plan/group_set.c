/* SPDX-License-Identifier: GPL-2.0-only
 * Sets of functions that grow together. */
#include "plan/group_set.h"

enum status group_set_make(struct group_set *set, size_t count, struct arena *arena)
{
    *set = (struct group_set){
        .leader = arena_array(arena, count, sizeof(*set->leader)),
        .earlier = arena_array(arena, count, sizeof(*set->earlier)),
        .later = arena_array(arena, count, sizeof(*set->later)),
        .count = count,
    };
    if (set->leader == NULL || set->earlier == NULL || set->later == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        set->leader[i] = i;
        set->earlier[i] = set->later[i] = (struct group_link){GROUP_ALONE, PCI_NO_INDEX};
    }
    return STATUS_OK;
}

/* Paths are halved on the way, which keeps them short. */
uint32_t group_set_first(struct group_set *set, uint32_t function)
{
    while (set->leader[function] != function) {
        set->leader[function] = set->leader[set->leader[function]];
        function = set->leader[function];
    }
    return function;
}

static void note(struct group_link *link, enum group_reason reason, uint32_t via)
{
    if (link->reason == GROUP_ALONE) {
        *link = (struct group_link){reason, via};
    }
}

void group_set_join(struct group_set *set, uint32_t a, uint32_t b, enum group_reason reason)
{
    uint32_t low = a < b ? a : b;
    uint32_t high = a < b ? b : a;
    if (low == high) {
        return;
    }
    note(&set->earlier[high], reason, low);
    note(&set->later[low], reason, high);
    uint32_t first = group_set_first(set, a);
    uint32_t second = group_set_first(set, b);
    if (first < second) {
        set->leader[second] = first;
    } else {
        set->leader[first] = second;
    }
}

struct group_link group_set_why(struct group_set *set, uint32_t function)
{
    if (group_set_first(set, function) == function) {
        return (struct group_link){GROUP_ALONE, PCI_NO_INDEX};
    }
    return set->earlier[function].reason != GROUP_ALONE ? set->earlier[function] : set->later[function];
}
