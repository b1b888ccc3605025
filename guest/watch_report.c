/* SPDX-License-Identifier: GPL-2.0-only
 * Records of writes to watched memory. */
#include "guest/watch_report.h"

#include "kernel/core/event.h"
#include "kernel/core/log.h"
#include "kernel/core/time.h"
#include "kernel/lib/format.h"

/* Some at once, then what came in the rest of the second as one. */
static const struct rate_limit limit = {.count = 8, .period_ns = UINT64_C(1000000000)};

static const char *by_text(enum watch_writer by)
{
    static const char *const words[WATCH_WRITERS] = {"cpu", "device", "hypervisor"};
    return words[by];
}

static const char *action_text(const struct watch_record *r)
{
    return r->ends_guest ? "ended" : r->allowed ? "allowed" : "blocked";
}

static void put_event(const struct watch_report *report, const struct watch_record *r, uint64_t count)
{
    struct event e;
    char source[SBDF_TEXT_SIZE];
    event_begin(&e, EVENT_ERROR, "integrity");
    json_text(&e.json, "guest", report->guest);
    json_text(&e.json, "by", by_text(r->by));
    json_hex(&e.json, "address", r->address);
    json_text(&e.json, "action", action_text(r));
    json_number(&e.json, "count", count);
    if (r->by == WATCH_BY_CPU) {
        json_number(&e.json, "vcpu", r->vcpu);
        json_hex(&e.json, "rip", r->rip);
        json_bool(&e.json, "page-walk", r->page_walk);
    }
    if (r->bytes != 0) {
        json_number(&e.json, "bytes", r->bytes);
    }
    if (r->by == WATCH_BY_DEVICE) {
        json_text(&e.json, "source", sbdf_text(r->source, source));
        json_number(&e.json, "unit", r->unit);
    }
    event_end(&e);
}

static void put_line(const struct watch_report *report, const struct watch_record *r, uint64_t count)
{
    char who[64] = "", source[SBDF_TEXT_SIZE];
    if (r->by == WATCH_BY_CPU) {
        format_text(who, sizeof(who), " vcpu=%u rip=0x%llx", r->vcpu, (unsigned long long)r->rip);
    } else if (r->by == WATCH_BY_DEVICE) {
        format_text(who, sizeof(who), " sid=%s unit=%u", sbdf_text(r->source, source), r->unit);
    }
    log_only(LOG_ERROR, "integrity: guest=%s by=%s address=0x%llx action=%s count=%llu%s", report->guest,
             by_text(r->by), (unsigned long long)r->address, action_text(r), (unsigned long long)count, who);
}

static void tell(struct watch_report *r, enum watch_writer by)
{
    const struct watch_record last = r->writers[by].last;
    uint64_t count = r->writers[by].pending;
    r->writers[by].pending = 0;
    put_event(r, &last, count);
    put_line(r, &last, count);
}

bool watch_report_put(struct watch_report *r, const struct watch_record *record)
{
    uint64_t now = time_now_ns();
    uint64_t flags = lock_take(&r->lock);
    __atomic_fetch_add(&r->total, 1, __ATOMIC_RELAXED);
    r->writers[record->by].last = *record;
    r->writers[record->by].pending++;
    if (!rate_exceeded(&r->writers[record->by].window, limit, now, 1) || record->ends_guest) {
        tell(r, record->by);
    }
    bool owed = r->writers[record->by].pending == 1;
    lock_release(&r->lock, flags);
    return owed;
}

uint64_t watch_report_catch_up(struct watch_report *r, bool all)
{
    uint64_t next = UINT64_MAX, now = time_now_ns();
    uint64_t flags = lock_take(&r->lock);
    for (unsigned by = 0; by < WATCH_WRITERS; by++) {
        uint64_t end = rate_window_end(&r->writers[by].window, limit);
        if (r->writers[by].pending != 0 && (all || end <= now)) {
            tell(r, by);
        } else if (r->writers[by].pending != 0) {
            next = end < next ? end : next;
        }
    }
    lock_release(&r->lock, flags);
    return next;
}
