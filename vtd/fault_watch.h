/* SPDX-License-Identifier: GPL-2.0-only
 * The ear for faults of all units: records are read when a fault interrupt comes, but a device that faults without end
 * gets no more of the housekeeping CPU than a limit allows. Beyond it the unit's fault events are held back, and an
 * alarm of that CPU looks again, whatever else the CPU runs. Blocking goes on all the time.
 * All calls on the housekeeping CPU, interrupts off. */
#ifndef BULKHEAD_VTD_FAULT_WATCH_H
#define BULKHEAD_VTD_FAULT_WATCH_H

#include "kernel/lib/rate.h"
#include "vtd/fault.h"
#include "vtd/vtd.h"

/* Who is told. Called without any unit's lock. */
struct vtd_fault_listener {
    vtd_fault_sink *fault;                       /* a record */
    void (*lost)(void *context, unsigned unit);  /* the unit dropped faults: what was counted is a lower bound */
    void (*storm)(void *context, unsigned unit); /* it is not heard for the rest of the period */
    /* After each look; returns when to look again at the latest, TIMER_NEVER: when a fault comes. May be NULL. */
    uint64_t (*looked)(void *context, uint64_t now_ns);
    void *context;
};

/* Records, and looks at a unit that have some, of one unit. */
#define VTD_FAULT_WATCH_COUNT 512u
#define VTD_FAULT_WATCH_NS UINT64_C(50000000)

struct vtd_fault_watch_unit {
    struct rate_window window;
    bool muted;
    uint64_t storms; /* times that it was */
};

struct vtd_fault_watch {
    struct vtd *vtd;
    struct vtd_fault_listener listener;
    uint64_t count; /* records read of all units; atomic */
    struct vtd_fault_watch_unit units[VTD_UNITS_MAX];
};

void vtd_fault_watch_init(struct vtd_fault_watch *w, struct vtd *vtd, const struct vtd_fault_listener *listener);

/* Somebody else is told from now on. */
void vtd_fault_watch_listen(struct vtd_fault_watch *w, const struct vtd_fault_listener *listener);

/* A fault interrupt came; watch: a struct vtd_fault_watch. Units that are held back are left alone. */
void vtd_fault_watch_interrupt(void *watch);

/* Look at every unit now, held back or not. */
void vtd_fault_watch_look(struct vtd_fault_watch *w);

#endif
