/* SPDX-License-Identifier: GPL-2.0-only
 * From fault records to what people and programs are told, and to what the policy does: events "fault" and
 * "policy-applied", lines on the console. However many records come, each source makes an event in 250 ms at most, with
 * the number of records since the one before, and a few lines. Nothing is left out without being counted.
 * All calls on the housekeeping CPU, interrupts off. */
#ifndef BULKHEAD_SERVICE_FAULT_EVENTS_H
#define BULKHEAD_SERVICE_FAULT_EVENTS_H

#include "kernel/core/event.h"
#include "service/forensics.h"
#include "service/policy.h"
#include "vtd/fault_log.h"
#include "vtd/fault_watch.h"

/* Whose device a source id is. The strings live until the next call. */
struct fault_subject {
    struct vtd_fault_owner owner;
    struct policy_device *policy; /* NULL: nobody's, nothing but to log it */
};

struct fault_events_ops {
    void (*subject)(void *context, struct sbdf source, struct fault_subject *out);
    /* For forensics_explain(); may take its time, for it is not called for each record. */
    void (*facts)(void *context, const struct vtd_fault *fault, struct forensics_facts *out);
    /* Carry out what the policy says, but CONFIG_FAULT_LOG. What it returns is told. */
    enum status (*act)(void *context, struct sbdf source, enum config_on_fault action);
    void *context;
};

#define FAULT_EVENTS_SOURCES 256u /* with a count of their own; further ones share one */
#define FAULT_EVENTS_NS UINT64_C(250000000)

struct fault_events_source {
    bool taken;
    struct vtd_fault last;
    uint64_t pending; /* records since the last event */
    uint64_t next_ns; /* when the next event may be */
    bool lower_bound; /* more than were counted: the unit lost some since the last event */
    uint64_t total;   /* records ever */
};

struct fault_events {
    struct fault_events_ops ops;
    struct vtd_fault_log log;             /* rate limit of a source's lines */
    struct rate_window lines;             /* of all */
    uint64_t lost_told_ns, storm_told_ns; /* 0: never */
    struct fault_events_source sources[FAULT_EVENTS_SOURCES];
    struct fault_events_source others;
    bool forgot;        /* a source's place was given to another one */
    struct event event; /* too large for the stack of a handler */
    struct forensics_facts facts;
    struct forensics words;
};

void fault_events_init(struct fault_events *e, const struct fault_events_ops *ops);

/* Records of that source so far, as of now: any CPU. *lower_bound: there may have been more. */
uint64_t fault_events_count(const struct fault_events *e, struct sbdf source, bool *lower_bound);

/* Its ears, for vtd_fault_watch_listen(). */
struct vtd_fault_listener fault_events_listener(struct fault_events *e);

#endif
