/* SPDX-License-Identifier: GPL-2.0-only
 * Hearing faults, within a limit. */
#include "vtd/fault_watch.h"

#include "kernel/core/time.h"
#include "kernel/core/timer.h"

static const struct rate_limit limit = {.count = VTD_FAULT_WATCH_COUNT, .period_ns = VTD_FAULT_WATCH_NS};

void vtd_fault_watch_init(struct vtd_fault_watch *w, struct vtd *vtd, const struct vtd_fault_listener *listener)
{
    *w = (struct vtd_fault_watch){.vtd = vtd, .listener = *listener};
}

void vtd_fault_watch_listen(struct vtd_fault_watch *w, const struct vtd_fault_listener *listener)
{
    w->listener = *listener;
}

/* Until nothing is left, or more came than the limit allows: then false. A look that finds nothing costs time too. */
static bool read_all(struct vtd_fault_watch *w, unsigned unit)
{
    struct vtd_fault_result result;
    bool lost = false, within = true;
    do {
        result = vtd_fault_drain(&w->vtd->units[unit], w->listener.fault, w->listener.context);
        __atomic_fetch_add(&w->count, result.count, __ATOMIC_RELAXED);
        lost = lost || result.overflow;
        if (result.count != 0 || result.overflow) {
            within = !rate_exceeded(&w->units[unit].window, limit, time_now_ns(), (uint64_t)result.count + 1);
        }
    } while (result.pending && within);
    if (lost) {
        w->listener.lost(w->listener.context, unit);
    }
    return within;
}

static void hear(struct vtd_fault_watch *w, unsigned unit)
{
    struct vtd_fault_watch_unit *u = &w->units[unit];
    bool within = read_all(w, unit);
    if (u->muted == !within) {
        return;
    }
    u->muted = !within;
    vtd_fault_events(&w->vtd->units[unit], within);
    if (!within) {
        u->storms++;
        w->listener.storm(w->listener.context, unit);
    }
}

static void alarm(void *watch);

static void set_alarm(struct vtd_fault_watch *w)
{
    uint64_t next = TIMER_NEVER;
    if (w->listener.looked != NULL) {
        next = w->listener.looked(w->listener.context, time_now_ns());
    }
    for (unsigned i = 0; i < w->vtd->count; i++) {
        uint64_t end = rate_window_end(&w->units[i].window, limit);
        next = w->units[i].muted && end < next ? end : next;
    }
    timer_set_alarm(next, alarm, w);
}

/* Those that were held back, when their period is over; and the others, which costs little. */
static void alarm(void *watch)
{
    struct vtd_fault_watch *w = watch;
    uint64_t now = time_now_ns();
    for (unsigned i = 0; i < w->vtd->count; i++) {
        if (!w->units[i].muted || now >= rate_window_end(&w->units[i].window, limit)) {
            hear(w, i);
        }
    }
    set_alarm(w);
}

void vtd_fault_watch_interrupt(void *watch)
{
    struct vtd_fault_watch *w = watch;
    for (unsigned i = 0; i < w->vtd->count; i++) {
        if (!w->units[i].muted) {
            hear(w, i);
        }
    }
    set_alarm(w);
}

void vtd_fault_watch_look(struct vtd_fault_watch *w)
{
    for (unsigned i = 0; i < w->vtd->count; i++) {
        hear(w, i);
    }
    set_alarm(w);
}
