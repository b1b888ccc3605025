/* SPDX-License-Identifier: GPL-2.0-only
 * Sets of functions that grow together: a union-find that remembers why each was joined. */
#ifndef BULKHEAD_PLAN_GROUP_SET_H
#define BULKHEAD_PLAN_GROUP_SET_H

#include "plan/groups.h"

struct group_link {
    enum group_reason reason; /* GROUP_ALONE: none */
    uint32_t via;
};

struct group_set {
    uint32_t *leader;           /* by function: one nearer to its set's first function, or itself */
    struct group_link *earlier; /* by function: the first reason that ties it to a function of a lower address */
    struct group_link *later;   /* the same for a function of a higher address */
    size_t count;
};

/* Every function in a set of its own. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status group_set_make(struct group_set *set, size_t count, struct arena *arena);

/* One set of a's and b's; the one with the higher address gets the reason. */
void group_set_join(struct group_set *set, uint32_t a, uint32_t b, enum group_reason reason);

/* The function of the lowest address in that one's set. */
uint32_t group_set_first(struct group_set *set, uint32_t function);

/* Why it is in its set: GROUP_ALONE for the first one. */
struct group_link group_set_why(struct group_set *set, uint32_t function);

#endif
