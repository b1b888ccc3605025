/* SPDX-License-Identifier: GPL-2.0-only
 * Judges what a run of leaves reaches: whose memory it is, with which rights and memory type. */
#ifndef BULKHEAD_AUDIT_REACH_H
#define BULKHEAD_AUDIT_REACH_H

#include "audit/state.h"

struct audit_reach {
    enum audit_use use;  /* AUDIT_USE_NESTED or AUDIT_USE_SECOND */
    uint64_t at, memory; /* guest-physical or device address, host-physical address */
    uint64_t bytes;
    uint8_t rights, type; /* AUDIT_READ ..., enum audit_memory_type */
    unsigned level;       /* of its smallest leaf */
};

/* Findings for every part that its owner may not reach like that; a line to s->out. */
void audit_reach_check(struct audit_state *s, const struct audit_tree *tree, const struct audit_reach *reach);

#endif
