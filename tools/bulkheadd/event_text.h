/* SPDX-License-Identifier: GPL-2.0-only
 * Events for people: one line of plain text. */
#ifndef BULKHEAD_AGENT_EVENT_TEXT_H
#define BULKHEAD_AGENT_EVENT_TEXT_H

#include "tools/bulkheadd/jtree.h"

/* Is it an event: an object with a "type"? */
bool event_is_one(const struct jtree_node *node);

/* "fault: guest=user device=0000:03:00.0 address=0x1000", "log: text"; no control characters, whatever the event holds.
 */
void event_text(struct text *out, const struct jtree_node *event);

/* The moment: seconds since the machine's start ("12.345678"), or the time of day of the agent's own; "-". */
void event_time(struct text *out, const struct jtree_node *event);

#endif
