/* SPDX-License-Identifier: GPL-2.0-only
 * Walks one tree of nested or second-level tables, every entry of every page, and hands on what it reaches in runs of
 * pages that follow each other. */
#ifndef BULKHEAD_AUDIT_TREE_H
#define BULKHEAD_AUDIT_TREE_H

#include "audit/state.h"

#define AUDIT_LEVELS_MAX 5

/* What vCPUs (use AUDIT_USE_NESTED) or devices (AUDIT_USE_SECOND) of tree->owner reach. Ends whatever the tables hold:
 * a page that was reached before is a finding and not entered again. */
void audit_tree_walk(struct audit_state *s, const struct audit_tree *tree, enum audit_use use);

#endif
