/* SPDX-License-Identifier: GPL-2.0-only
 * Binary searches in the facts, and whether the facts hold together. */
#ifndef BULKHEAD_AUDIT_LOOKUP_H
#define BULKHEAD_AUDIT_LOOKUP_H

#include "audit/audit.h"

/* What holds that byte, or NULL. */
const struct audit_range *audit_range_at(const struct audit_facts *facts, uint64_t at);
const struct audit_forbidden *audit_forbidden_at(const struct audit_facts *facts, uint64_t at);

/* at..at+bytes is hypervisor memory. */
bool audit_in_memory(const struct audit_facts *facts, uint64_t at, uint64_t bytes);

/* First address above `at` where another owner's, forbidden or hypervisor memory starts or ends; UINT64_MAX: none. */
uint64_t audit_next_edge(const struct audit_facts *facts, uint64_t at);

/* Index in sources, or source_count. */
size_t audit_source_index(const struct audit_facts *facts, uint32_t unit, uint16_t rid);

/* The sender that an interrupt entry names exactly, or NULL. */
const struct audit_sender *audit_sender_of(const struct audit_facts *facts, uint32_t unit, uint8_t svt, uint8_t sq,
                                           uint16_t sid);

/* The owner of the posted-interrupt descriptor there, or AUDIT_NOBODY. */
uint32_t audit_posted_owner(const struct audit_facts *facts, uint64_t at);

#endif
