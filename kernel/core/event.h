/* SPDX-License-Identifier: GPL-2.0-only
 * What happened, as JSON lines in a bounded ring, for whoever reads it later: the service guest. On any CPU, in
 * interrupt handlers too. Numbered from 1 without gaps; where the reader was too slow, a line says how many are gone.
 *
 *     struct event e;
 *     event_begin(&e, EVENT_WARNING, "fault");
 *     json_text(&e.json, "guest", name);
 *     event_end(&e);
 *
 * makes {"seq":7,"time-ns":1200300400,"severity":"warning","type":"fault","guest":"user"}; docs/events.schema.json has
 * every type. */
#ifndef BULKHEAD_CORE_EVENT_H
#define BULKHEAD_CORE_EVENT_H

#include "kernel/lib/json.h"

#define EVENT_MEMBERS_MAX 1280                   /* of an event's own members, as JSON text */
#define EVENT_LINE_MAX (EVENT_MEMBERS_MAX + 160) /* with the four members that all have, newline and NUL */

enum event_severity {
    EVENT_INFO,
    EVENT_WARNING,
    EVENT_ERROR,
    EVENT_CRITICAL,
};

/* An event being written, by its writer alone. */
struct event {
    struct json json; /* put the event's own members here; what does not fit is left out, and "cut":true says so */
    enum event_severity severity;
    const char *type;
    char members[EVENT_MEMBERS_MAX];
};

/* "info", "warning", "error", "critical". */
const char *event_severity_text(enum event_severity severity);

/* type: lower case and '-', lives until event_end(). */
void event_begin(struct event *e, enum event_severity severity, const char *type);

/* Into the ring: it takes its number and its time, and may push out the oldest ones. Takes one short lock that is
 * innermost; no more than EVENT_LINE_MAX bytes are copied under it. */
void event_end(struct event *e);

/* The oldest as one line with '\n' and a NUL, taken out; returns its length without the NUL, 0: none. Lost ones come
 * first, as {"seq":N,...,"type":"dropped","count":C}: C events, of which N is the last. size at least EVENT_LINE_MAX.
 * One reader at a time. */
size_t event_take(char *line, size_t size);
bool event_waiting(void);

/* The number of the event that was put last, of the last one that event_take() told of, lost or not, and how many were
 * lost to the reader ever. */
uint64_t event_last(void);
uint64_t event_told(void);
uint64_t event_lost(void);

/* Called after each put, without the lock, on the CPU and in the context of the put (locks of any kind may be held
 * there): it may set flags and kick CPUs, no more. Once, before other CPUs put events. */
void event_on_put(void (*notify)(void *context), void *context);

/* Forget everything, numbers too. */
void event_reset(void);

#endif
