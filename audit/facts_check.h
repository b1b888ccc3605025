/* SPDX-License-Identifier: GPL-2.0-only
 * Whether what must be true holds together by itself: sorted, apart, no owner's memory in two hands. */
#ifndef BULKHEAD_AUDIT_FACTS_CHECK_H
#define BULKHEAD_AUDIT_FACTS_CHECK_H

#include "audit/audit.h"

/* What is wrong in a few words, with the address or number it is about in *at; NULL: nothing. */
const char *audit_facts_check(const struct audit_facts *facts, uint64_t *at);

#endif
